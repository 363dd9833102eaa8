import type { Cluster } from '../network/cluster.ts'
import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import type {
  FetchPartition,
  FetchPartitionResult,
  FetchRequest,
  FetchResponse,
} from '../protocol/messages/01-fetch.ts'
import type { Encodable } from '../protocol/schema.ts'
import type { FetchSession } from './fetch-session.ts'
import { leaderEpochOf } from './list-offsets.ts'
import type { IsolationLevel } from './options.ts'
import type { PartitionState } from './partition-state.ts'
import { groupByTopic, partitionKey, type TopicPartition } from './topic-partition.ts'

/** First version without topic names (KIP-516). */
const IDS_SINCE = 13

/** A partition as one request asked for it. */
export interface FetchItem extends TopicPartition {
  readonly state: PartitionState
  /** The state's version when it was asked for. */
  readonly version: number
  readonly offset: number
  readonly leaderEpoch: number
  /** Epoch of the record before the offset, -1 when unknown: the leader notices by it when logs went different ways (KIP-320). */
  readonly lastEpoch: number
}

/** Limits of one request. */
export interface FetchLimits {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  readonly isolationLevel: IsolationLevel
  readonly rackId: string
}

/** What a fetch asks one broker for, in the order in which the broker is to fill its answer. */
export class FetchPlan {
  readonly items: readonly FetchItem[]
  readonly #session: FetchSession
  readonly #limits: FetchLimits
  /** Topic ids by name; undefined unless all are known. */
  readonly #ids: ReadonlyMap<string, string> | undefined

  constructor(cluster: Cluster, session: FetchSession, states: readonly PartitionState[], limits: FetchLimits) {
    this.#session = session
    this.#limits = limits
    this.items = states.map((state) => {
      const { topic, partition, version } = state
      const { offset, epoch: lastEpoch } = state.fetchFrom
      const leaderEpoch = leaderEpochOf(cluster, topic, partition)
      return { topic, partition, state, version, offset, leaderEpoch, lastEpoch }
    })
    const ids = new Map<string, string>()
    for (const { topic } of states) ids.set(topic, cluster.topic(topic)?.topicId ?? ZERO_UUID)
    this.#ids = [...ids.values()].includes(ZERO_UUID) ? undefined : ids
  }

  /** Highest version that can be used with what is known of the topics; undefined for any. */
  get maxVersion(): number | undefined {
    return this.#ids === undefined ? IDS_SINCE - 1 : undefined
  }

  body(version: number): Encodable<FetchRequest> {
    const { maxWaitMs, minBytes, maxBytes, maxPartitionBytes, isolationLevel, rackId } = this.#limits
    const ids = version >= IDS_SINCE ? this.#ids : undefined
    const { sessionId, sessionEpoch, sent, forgotten } = this.#session.step(version, this.items, ids)
    return {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
      sessionId,
      sessionEpoch,
      topics: Array.from(groupByTopic(sent), ([topic, items]) => ({
        topic,
        topicId: ids?.get(topic),
        partitions: items.map(({ partition, offset, leaderEpoch, lastEpoch }): Encodable<FetchPartition> => ({
          partition,
          fetchOffset: BigInt(offset),
          currentLeaderEpoch: leaderEpoch,
          partitionMaxBytes: maxPartitionBytes,
          // It must not be said to brokers whose version has no field for it.
          lastFetchedEpoch: version >= 12 ? lastEpoch : undefined,
        })),
      })),
      forgottenTopicsData: Array.from(groupByTopic(forgotten), ([topic, partitions]) => ({
        topic,
        topicId: partitions[0]!.topicId,
        partitions: partitions.map(({ partition }) => partition),
      })),
      rackId,
    }
  }

  /** What the response says of each partition that was asked for. */
  *answers(response: FetchResponse): Generator<{ item: FetchItem; data: FetchPartitionResult }, void, undefined> {
    const items = new Map(this.items.map((item) => [partitionKey(item.topic, item.partition), item]))
    const names = new Map(Array.from(this.#ids ?? [], ([name, id]) => [id, name]))
    for (const { topic, topicId, partitions } of response.responses) {
      const name = topic === '' ? names.get(topicId) : topic
      if (name === undefined) continue
      for (const data of partitions) {
        const item = items.get(partitionKey(name, data.partitionIndex))
        if (item !== undefined) yield { item, data }
      }
    }
  }
}
