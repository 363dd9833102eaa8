import { expect, test } from 'vitest'
import type { VersionRange } from '../../../src/errors.ts'
import { fetchApi } from '../../../src/protocol/messages/01-fetch.ts'
import { findCoordinatorApi } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { createTopicsApi } from '../../../src/protocol/messages/19-create-topics.ts'
import { type Api } from '../../../src/protocol/api.ts'
import { type Encodable } from '../../../src/protocol/schema.ts'
import { TestBroker } from '../../../src/testing/index.ts'
import { describeWithKafka, uniqueName } from '../../support/real-kafka.ts'
import { RawClient } from '../../testing/raw-client.ts'
import type { TopicName } from './requests.ts'

/** What a topic of a peer is to be like. */
export interface PeerTopic {
  partitions?: number
  replicationFactor?: number
  config?: Record<string, string>
  isLedElsewhere?: boolean
}

/** A broker under comparison, with what a scenario needs to talk to it. */
export class Peer {
  readonly #address: { host: string; port: number }
  readonly #clients: RawClient[] = []
  /** Names, ids and addresses of this peer, and what stands for them in a comparison. */
  readonly #aliases = new Map<string, string>()

  constructor(address: { host: string; port: number }) {
    this.#address = address
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.#address)
    this.#clients.push(client)
    return client
  }

  /** A name of this run's own. */
  name(alias: string): string {
    const name = uniqueName(alias)
    this.alias(name, alias)
    return name
  }

  alias(text: string, alias: string): string {
    this.#aliases.set(text, `<${alias}>`)
    return text
  }

  /** A topic that is ready for use, on this node unless `isLedElsewhere`. */
  async topic(options: PeerTopic = {}): Promise<TopicName> {
    const { partitions: numPartitions = 1, replicationFactor = 1, config = {}, isLedElsewhere = false } = options
    const client = await this.connect()
    const name = this.name('topic')
    const configs = Object.entries(config).map(([name, value]) => ({ name, value }))
    const { topics } = await client.send(createTopicsApi, 7, {
      topics: [{ name, numPartitions, replicationFactor, configs }],
    })
    if (topics[0]!.errorCode !== 0) throw new Error(`topic: ${topics[0]!.errorCode}`)
    const id = this.alias(topics[0]!.topicId, 'topic id')
    for (let partition = 0; partition < numPartitions; partition++) {
      const topics = [{ topic: name, partitions: [{ partition, partitionMaxBytes: 1 }] }]
      // The leader may hear of it later than the controller.
      for (;;) {
        const { responses } = await client.send(fetchApi, 12, { topics })
        const { errorCode } = responses[0]!.partitions[0]!
        if (errorCode === 0 || (isLedElsewhere && errorCode === 6)) break
      }
    }
    return { name, id }
  }

  /** A group whose coordinator is ready, this node unless `isElsewhere`. */
  async group({ isElsewhere = false }: { isElsewhere?: boolean } = {}): Promise<string> {
    const client = await this.connect()
    const groupId = this.name('group')
    for (;;) {
      const { coordinators } = await client.send(findCoordinatorApi, 4, { coordinatorKeys: [groupId] })
      const { errorCode } = await client.send(heartbeatApi, 4, { groupId, memberId: 'x' })
      const isReady = errorCode === 25 || (isElsewhere && errorCode === 16)
      if (coordinators[0]!.errorCode === 0 && isReady) return groupId
    }
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }

  /** A value with everything that differs between two brokers of the same behaviour replaced. */
  normalize(value: unknown): unknown {
    if (typeof value === 'string') return this.#aliases.get(value) ?? value
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    if (Array.isArray(value)) return value.map((each) => this.normalize(each))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#field(key, each)]))
  }

  #field(key: string, value: unknown): unknown {
    // Wording is each broker's own.
    if (key === 'errorMessage' || key === 'batchIndexErrorMessage') return value === null ? null : '<text>'
    if (key === 'host' || key === 'port' || (key === 'clusterId' && value !== null)) return `<${key}>`
    if (key === 'throttleTimeMs') return 0
    if (key === 'rack') return null
    if (key === 'nodeId' || key === 'leaderId' || key === 'controllerId')
      return (value as number) >= 0 ? '<node>' : value
    if (key === 'replicaNodes' || key === 'isrNodes') return (value as number[]).length
    if (key === 'logAppendTimeMs') return (value as bigint) > 1_000_000_000_000n ? '<now>' : value
    // The order of partitions in a response means nothing.
    if (key === 'partitions') return this.normalize((value as Indexed[]).toSorted((a, b) => indexOf(a) - indexOf(b)))
    return this.normalize(value)
  }
}

interface Indexed {
  partitionIndex?: number
  partition?: number
}

function indexOf({ partitionIndex, partition }: Indexed): number {
  return partitionIndex ?? partition ?? 0
}

/** What a peer is asked. Everything that it answers is compared. */
export type Scenario = (peer: Peer, client: RawClient) => Promise<unknown>

/** Declares a test that has Kafka and a TestBroker go through a scenario, and compares what they answer. */
export type Compare = (title: string, scenario: Scenario) => void

/** A `describe` with comparisons, which need a real broker. */
export function describeComparison(title: string, body: (compare: Compare, bootstrapServers: string) => void): void {
  describeWithKafka(title, [], ({ bootstrapServers }) => {
    const scenarios: [title: string, Scenario][] = []
    body((title, scenario) => void scenarios.push([title, scenario]), bootstrapServers)
    test.each(scenarios)('%s', async (_, scenario) => {
      const broker = await TestBroker.start()
      const real = new Peer(addressOf(bootstrapServers))
      const fake = new Peer(broker.nodes[0]!)
      try {
        const expected = real.normalize(await scenario(real, await real.connect()))
        expect(fake.normalize(await scenario(fake, await fake.connect()))).toEqual(expected)
      } finally {
        real.close()
        fake.close()
        await broker.close()
      }
    })
  })
}

/** The first of some servers. */
export function addressOf(bootstrapServers: string): { host: string; port: number } {
  const [host = '', port] = bootstrapServers.split(',')[0]!.split(':')
  return { host, port: Number(port) }
}

/** The answer, or that the connection was closed. */
export async function answer<Request extends object, Response extends object>(
  client: RawClient,
  api: Api<Request, Response>,
  version: number,
  request: Encodable<NoInfer<Request>>,
): Promise<Response | string> {
  return client.send(api, version, request).catch((error: unknown) => String(error))
}

/** The answers in every version, as far as a request can be made for it. */
export async function inAllVersions<Request extends object, Response extends object>(
  client: RawClient,
  api: Api<Request, Response>,
  request: (version: number) => Encodable<NoInfer<Request>>,
  { min, max }: VersionRange = api.request.versions,
): Promise<unknown[]> {
  const answers: unknown[] = []
  for (let version = min; version <= max; version++) {
    answers.push({ version, answer: await answer(client, api, version, request(version)) })
  }
  return answers
}
