import { ERROR } from '../../src/protocol/error-codes.ts'
import { metadataApi, type MetadataTopic } from '../../src/protocol/messages/03-metadata.ts'
import type { Encodable } from '../../src/protocol/schema.ts'
import { FakeBroker, type Received } from './fake-broker.ts'

/** Leader and leader epoch of a partition. */
export type Leadership = readonly [leaderId: number, leaderEpoch: number]

/** Several fake brokers, with node ids from 1, that share one view of the cluster. */
export class FakeCluster {
  readonly brokers: FakeBroker[]
  /** What Metadata says of each topic; any other is unknown. */
  readonly topics: Map<string, Encodable<MetadataTopic>> = new Map()
  /** Node ids that Metadata lists. */
  listed: number[]
  controllerId = 1

  private constructor(brokers: FakeBroker[]) {
    this.brokers = brokers
    this.listed = brokers.map((_, i) => i + 1)
    for (const broker of brokers) broker.on('Metadata', (request) => this.answerMetadata(request))
  }

  static async start(size = 1): Promise<FakeCluster> {
    return new FakeCluster(await Promise.all(Array.from({ length: size }, () => FakeBroker.start())))
  }

  get bootstrapServers(): { host: string; port: number }[] {
    return this.brokers.map(({ address }) => address)
  }

  node(nodeId: number): FakeBroker {
    return this.brokers[nodeId - 1]!
  }

  /** Sets the leaders of a topic's partitions. */
  lead(name: string, leaders: readonly Leadership[], topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'): void {
    const partitions = leaders.map(([leaderId, leaderEpoch], partitionIndex) => ({
      partitionIndex,
      leaderId,
      leaderEpoch,
      errorCode: leaderId < 0 ? ERROR.LEADER_NOT_AVAILABLE : ERROR.NONE,
    }))
    this.topics.set(name, { name, topicId, partitions })
  }

  answerMetadata(request: Received): void {
    const asked = request.read(metadataApi).topics
    const names = asked === null ? [...this.topics.keys()] : asked.map(({ name }) => name!)
    request.answer(metadataApi, {
      clusterId: 'fake',
      controllerId: this.controllerId,
      brokers: this.listed.map((nodeId) => ({ nodeId, ...this.node(nodeId).address })),
      topics: names.map((name) => this.topics.get(name) ?? { name, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION }),
    })
  }

  /** All Metadata requests, to whichever broker. */
  metadataRequests(): Received[] {
    return this.brokers.flatMap((broker) => broker.requestsOf('Metadata'))
  }

  async close(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.close()))
  }
}
