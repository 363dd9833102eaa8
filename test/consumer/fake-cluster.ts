import type { BodyOf, RequestOptions } from '../../src/network/exchange.ts'
import type { Cluster } from '../../src/network/cluster.ts'
import { sleep } from '../../src/network/wait.ts'
import type { TopicMetadata } from '../../src/network/metadata.ts'
import type { Api } from '../../src/protocol/api.ts'
import { setBaseOffset } from '../../src/protocol/records/batch-header.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/record-batch-builder.ts'
import type { FinishOptions } from '../../src/protocol/records/record-batch-builder.ts'
import { type FetchPartitionResult, fetchApi, type FetchRequest } from '../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi, type ListOffsetsRequest } from '../../src/protocol/messages/02-list-offsets.ts'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochPartitionResult,
  type OffsetForLeaderEpochRequest,
} from '../../src/protocol/messages/23-offset-for-leader-epoch.ts'
import type { Encodable } from '../../src/protocol/schema.ts'

/** A request as a fake broker got it. */
export interface FakeRequest<Body> {
  readonly body: Body
  readonly version: number
  readonly nodeId: number
  readonly signal: AbortSignal | undefined
}

/** One partition that a fetch asked for. */
export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly request: FakeRequest<FetchRequest>
}

/** What a fake broker says of a partition. */
export type FetchAnswer = Partial<Omit<Encodable<FetchPartitionResult>, 'partitionIndex'>>

/** What a fake broker says of a leader epoch. */
export type EpochAnswer = Partial<Omit<OffsetForLeaderEpochPartitionResult, 'partition'>>

/** A batch of text values from an offset on. */
export function batchOf(values: readonly string[], baseOffset: number, options: FinishOptions = {}): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (const [index, value] of values.entries()) builder.append(1_000 + index, `key ${value}`, value)
  const batch = builder.finish(options) as Uint8Array
  setBaseOffset(batch, baseOffset, options.partitionLeaderEpoch ?? 0)
  return batch
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Decides what a broker says of a partition. Undefined makes it wait for data, as long as the fetch says. */
export type FetchHandler = (asked: FetchedPartition) => FetchAnswer | undefined | Promise<FetchAnswer | undefined>

/** What a test decides about the brokers. */
export interface FakeClusterOptions {
  readonly fetch?: FetchHandler | undefined
  readonly earliest?: number
  readonly latest?: number
  /** Topic names and the node that leads each partition. */
  readonly topics?: Readonly<Record<string, readonly number[]>>
  /** Highest version of Fetch. Default 12, which has topic names. */
  readonly fetchVersion?: number
  /** What a leader says of the end of an epoch. Default: that it is far behind all there is. */
  readonly endOfEpoch?: (leaderEpoch: number) => EpochAnswer
}

/** Brokers that exist only as functions, for what is hard to bring about with a real protocol in between. */
export class FakeCluster {
  readonly fetches: FakeRequest<FetchRequest>[] = []
  readonly listed: FakeRequest<ListOffsetsRequest>[] = []
  readonly validated: FakeRequest<OffsetForLeaderEpochRequest>[] = []
  staleCount = 0
  readonly metadata: Map<string, TopicMetadata> = new Map()
  readonly #options: FakeClusterOptions
  readonly #listeners = new Set<() => void>()

  constructor(options: FakeClusterOptions) {
    this.#options = options
    let id = 0
    for (const [name, leaders] of Object.entries(options.topics ?? { orders: [1] })) {
      const partitions = leaders.map((leaderId, partition) => ({
        partition,
        leaderId,
        leaderEpoch: 0,
        replicas: [leaderId],
        isr: [leaderId],
        offlineReplicas: [],
        errorCode: 0,
      }))
      const topicId = Buffer.alloc(16, ++id).toString('base64url')
      this.metadata.set(name, { name, topicId, isInternal: false, partitions })
    }
  }

  /** For the consumer. */
  get cluster(): Cluster {
    return this as unknown as Cluster
  }

  /** Has a partition led by another node, or in another epoch, as the next metadata would say. */
  move(topic: string, partition: number, leaderId: number, leaderEpoch?: number): void {
    const known = this.metadata.get(topic)!
    const partitions = known.partitions.map((old) => {
      return old.partition === partition ? { ...old, leaderId, leaderEpoch: leaderEpoch ?? old.leaderEpoch } : old
    })
    this.describe({ ...known, partitions })
  }

  /** Changes what metadata says of a topic. */
  describe(topic: TopicMetadata): void {
    this.metadata.set(topic.name, topic)
    for (const listener of this.#listeners) listener()
  }

  async topics(names: readonly string[]): Promise<Map<string, TopicMetadata>> {
    return new Map(names.map((name) => [name, this.metadata.get(name)!]))
  }

  topic(name: string): TopicMetadata | undefined {
    return this.metadata.get(name)
  }

  broker(nodeId: number): unknown {
    return {
      nodeId,
      rack: null,
      request: (_purpose: string, api: Api<object, object>, body: BodyOf<object>, options: RequestOptions = {}) =>
        this.#answer(nodeId, api, body, options),
    }
  }

  leader(topic: string, partition: number): unknown {
    const leaderId = this.metadata.get(topic)?.partitions[partition]?.leaderId ?? -1
    return leaderId < 0 ? undefined : this.broker(leaderId)
  }

  markStale(): void {
    this.staleCount++
  }

  applyLeaderHint(topic: string, partition: number, leaderId: number): boolean {
    if (leaderId < 0) return false
    this.move(topic, partition, leaderId)
    return true
  }

  onMetadata(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {}

  async #answer(
    nodeId: number,
    api: Api<object, object>,
    body: BodyOf<object>,
    options: RequestOptions,
  ): Promise<object> {
    const { fetchVersion = 12 } = this.#options
    const newest = api.key === fetchApi.key ? fetchVersion : api.request.versions.max
    const version = Math.min(newest, options.maxVersion ?? newest)
    const encoded = api.request.encode(typeof body === 'function' ? body(version) : body, version)
    const request = { body: api.request.decode(encoded, version), version, nodeId, signal: options.signal }
    const response =
      api.key === listOffsetsApi.key
        ? this.#list(request as FakeRequest<ListOffsetsRequest>)
        : api.key === offsetForLeaderEpochApi.key
          ? this.#endsOfEpochs(request as FakeRequest<OffsetForLeaderEpochRequest>)
          : await this.#fetch(request as FakeRequest<FetchRequest>)
    return api.response.decode(api.response.encode(response, version), version)
  }

  #list(request: FakeRequest<ListOffsetsRequest>): object {
    this.listed.push(request)
    const { earliest = 0, latest = 0 } = this.#options
    return {
      topics: request.body.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          offset: BigInt(timestamp === -2n ? earliest : latest),
        })),
      })),
    }
  }

  #endsOfEpochs(request: FakeRequest<OffsetForLeaderEpochRequest>): object {
    this.validated.push(request)
    return {
      topics: request.body.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, leaderEpoch }) => {
          const answer = this.#options.endOfEpoch?.(leaderEpoch)
          return { partition, leaderEpoch, endOffset: 1_000n, errorCode: 0, ...answer }
        }),
      })),
    }
  }

  async #fetch(request: FakeRequest<FetchRequest>): Promise<object> {
    this.fetches.push(request)
    const names = new Map([...this.metadata.values()].map(({ topicId, name }) => [topicId, name]))
    let hasAnswer = false
    const responses = []
    for (const { topic, topicId, partitions } of request.body.topics) {
      const results: object[] = []
      for (const { partition, fetchOffset } of partitions) {
        const name = request.version >= 13 ? names.get(topicId)! : topic
        const asked = { topic: name, partition, offset: Number(fetchOffset), request }
        const answer = await this.#options.fetch?.(asked)
        hasAnswer ||= answer !== undefined
        const common = {
          partitionIndex: partition,
          highWatermark: 1_000n,
          lastStableOffset: 1_000n,
          logStartOffset: 0n,
        }
        results.push({ ...common, abortedTransactions: null, records: new Uint8Array(0), ...answer })
      }
      responses.push({ topic, topicId, partitions: results })
    }
    if (!hasAnswer) await longPoll(request)
    return { responses }
  }
}

/** What a broker does without data. */
function longPoll({ body, signal }: FakeRequest<FetchRequest>): Promise<void> {
  return sleep(body.maxWaitMs, signal)
}
