import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Kafka, string } from '../../src/index.ts'
import type { ConsumerOptions } from '../../src/index.ts'
import { Assignments, numbers, Reading, until } from '../consumer/loops.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { confluentMember } from '../support/confluent-kafka.ts'
import { runJavaTool } from '../support/java-tools.ts'
import { describeShares } from '../support/group-members.ts'
import { growTopic } from '../support/grow-topic.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const PARTITIONS = 6

/** What a foreign member read, and how often its assignment changed. */
interface ForeignOutcome {
  values: string[]
  rebalances: number
}

async function javaMember(
  options: Readonly<Record<string, string>>,
  topic: string,
  groupId: string,
  count: number,
): Promise<ForeignOutcome> {
  const given = { topic, 'group-id': groupId, 'max-messages': String(count), 'reset-policy': 'earliest', ...options }
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await runJavaTool('org.apache.kafka.tools.VerifiableConsumer', [...args, '--verbose'])
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { name: string; value: string; partitions?: unknown[] })
  return {
    values: events.filter(({ name }) => name === 'record_data').map(({ value }) => value),
    rebalances: events.filter(({ name, partitions }) => name.startsWith('partitions_') && partitions?.length !== 0)
      .length,
  }
}

async function librdkafkaMember(
  config: Readonly<Record<string, string>>,
  topic: string,
  groupId: string,
  count: number,
): Promise<ForeignOutcome> {
  const events = await confluentMember(
    { 'group.id': groupId, 'auto.offset.reset': 'earliest', ...config },
    topic,
    count,
  )
  return {
    values: events.flatMap((event) => (event.name === 'record' ? (event.value ?? []) : [])),
    rebalances: events.filter((event) => event.name !== 'record' && event.count > 0).length,
  }
}

describeWithKafka('groups of the consumer protocol', ['java', 'python3'], () => {
  let cluster: Cluster
  let kafka: Kafka

  beforeAll(async () => {
    cluster = await startCluster({
      properties: {
        'group.consumer.heartbeat.interval.ms': '300',
        'group.consumer.session.timeout.ms': '6000',
      },
    })
    kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers, metadataMaxAgeMs: 1_000 })
  })

  afterAll(() => cluster?.close())

  async function createTopic(name = uniqueName('orders')): Promise<string> {
    const admin = kafka.admin()
    await admin.createTopics([{ name, partitions: PARTITIONS, replicationFactor: 1 }])
    await admin.close()
    return name
  }

  async function produce(topic: string, from: number, to: number): Promise<void> {
    const producer = kafka.producer()
    const values = numbers(from, to)
    await producer.sendMany(values.map((value, index) => ({ topic, value, partition: index % PARTITIONS })))
    await producer.close()
  }

  function member(
    topic: ConsumerOptions['topics'],
    groupId: string,
    options: ConsumerOptions<Uint8Array | null, string | null> = {},
  ) {
    const assignments = new Assignments()
    const consumer = kafka.consumer<Uint8Array | null, string | null>({
      groupId,
      topics: topic,
      groupProtocol: 'consumer',
      autoOffsetReset: 'earliest',
      value: string,
      ...assignments.listeners,
      ...options,
    })
    return { assignments, consumer, reading: new Reading(consumer) }
  }

  test('read partitions that are added to their topic from the beginning, and keep the others', async () => {
    const topic = await createTopic()
    const { assignments, consumer, reading } = member([topic], uniqueName('group'))
    await assignments.reach(PARTITIONS)
    await growTopic(cluster.bootstrapServers, topic, PARTITIONS + 2)
    const producer = kafka.producer()
    await producer.sendMany(
      numbers(0, 80).map((value, index) => ({ topic, value, partition: index % (PARTITIONS + 2) })),
    )
    await producer.close()
    await reading.reaches(80)
    await consumer.close()
    expect(reading.values.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 80).map(Number))
    expect(assignments.events.slice(0, 2)).toEqual([
      `assigned ${[0, 1, 2, 3, 4, 5].map((partition) => `${topic}-${partition}`).join(' ')}`,
      `assigned ${topic}-6 ${topic}-7`,
    ])
  })

  test('share partitions among members that come and go, each record read once', async () => {
    const topic = await createTopic()
    const groupId = uniqueName('group')
    await produce(topic, 0, 60)
    const a = member([topic], groupId)
    await a.assignments.reach(6)
    await a.reading.reaches(60)
    const b = member([topic], groupId)
    await Promise.all([a.assignments.reach(3), b.assignments.reach(3)])
    const c = member([topic], groupId)
    await Promise.all([a, b, c].map(({ assignments }) => assignments.reach(2)))
    await produce(topic, 60, 120)
    const read = (): string[] => [a, b, c].flatMap(({ reading }) => reading.values as string[])
    await until(() => read().length >= 120)
    await b.consumer.close()
    await Promise.all([a, c].map(({ assignments }) => assignments.reach(3)))
    await a.consumer.close()
    await c.assignments.reach(6)
    await produce(topic, 120, 180)
    await until(() => read().length >= 180)
    await c.consumer.close()
    expect(
      read()
        .map(Number)
        .toSorted((x, y) => x - y),
    ).toEqual(numbers(0, 180).map(Number))
  })

  /** Our member, then Java's, then librdkafka's: each with its share, until the foreign ones have read 100 records and leave. */
  async function share(
    ours: ConsumerOptions<Uint8Array | null, string | null>,
    java: (topic: string, groupId: string) => Promise<ForeignOutcome>,
    librdkafka: (topic: string, groupId: string) => Promise<ForeignOutcome>,
  ): Promise<{ events: string[]; foreign: ForeignOutcome[]; generationId: number }> {
    const topic = await createTopic()
    const groupId = uniqueName('group')
    const { assignments, consumer, reading } = member([topic], groupId, ours)
    await assignments.reach(PARTITIONS)
    const first = java(topic, groupId)
    await assignments.reach(3)
    const second = librdkafka(topic, groupId)
    await assignments.reach(2)
    // Ours is not the last to have its share: the foreign ones need all of theirs to read as much as they are to.
    const { groupProtocol = 'consumer' } = ours
    const shared = { isStable: true, shares: [2, 2, 2] }
    await vi.waitFor(
      async () => expect(await describeShares(cluster.bootstrapServers, groupId, groupProtocol)).toEqual(shared),
      { timeout: 30_000, interval: 50 },
    )
    const kept = assignments.partitions
    await produce(topic, 0, 50 * PARTITIONS)
    const foreign = await Promise.all([first, second])
    await assignments.reach(PARTITIONS)
    await produce(topic, 50 * PARTITIONS, 60 * PARTITIONS)
    const read = (): Set<string | null> => new Set([...foreign.flatMap(({ values }) => values), ...reading.values])
    await Promise.race([until(() => read().size === 60 * PARTITIONS), reading.done])
    const { generationId } = consumer.groupMetadata()
    await consumer.close()
    await reading.done
    expect([...read()].map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 60 * PARTITIONS).map(Number))
    expect(new Set(reading.values).size, 'what one member reads, it reads once').toBe(reading.values.length)
    const events = assignments.events.filter((event) => / /.test(event)).slice(0, -1)
    // What it had when all three were there, it never had to give up.
    const gone = events.filter((event) => /^(revoked|lost)/.test(event))
    for (const partition of kept) expect(gone.join(' ')).not.toContain(partition)
    return { events, foreign, generationId }
  }

  test('are shared by Java, librdkafka and kafkawire, without a rebalance storm', async () => {
    const { bootstrapServers } = cluster
    const { events, foreign } = await share(
      {},
      (topic, groupId) =>
        javaMember({ 'bootstrap-server': bootstrapServers, 'group-protocol': 'consumer' }, topic, groupId, 100),
      (topic, groupId) =>
        librdkafkaMember({ 'bootstrap.servers': bootstrapServers, 'group.protocol': 'consumer' }, topic, groupId, 100),
    )
    // All of it, twice less, and what the others leave: in one step or in two.
    expect(events.length).toBeLessThanOrEqual(7)
    for (const { rebalances } of foreign) expect(rebalances).toBeLessThanOrEqual(6)
  })

  test('of the classic protocol and cooperative-sticky are shared by them, too', async () => {
    const { bootstrapServers } = cluster
    const { events, foreign, generationId } = await share(
      {
        groupProtocol: 'classic',
        assignors: ['cooperative-sticky'],
        heartbeatIntervalMs: 300,
      },
      (topic, groupId) =>
        javaMember(
          {
            'bootstrap-server': bootstrapServers,
            'session-timeout': '10000',
            'assignment-strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
          },
          topic,
          groupId,
          100,
        ),
      (topic, groupId) =>
        librdkafkaMember(
          {
            'bootstrap.servers': bootstrapServers,
            'partition.assignment.strategy': 'cooperative-sticky',
            'heartbeat.interval.ms': '500',
          },
          topic,
          groupId,
          100,
        ),
    )
    expect(events.length).toBeLessThanOrEqual(7)
    for (const { rebalances } of foreign) expect(rebalances).toBeLessThanOrEqual(6)
    // One to begin with, two for each that comes, one or two for each that goes.
    expect(generationId).toBeLessThanOrEqual(9)
  })

  test('come about while a classic group goes on, with a member of Java in it, and turn back to one', async () => {
    const topic = await createTopic()
    const groupId = uniqueName('group')
    const classic = { groupProtocol: 'classic', assignors: ['cooperative-sticky'], heartbeatIntervalMs: 300 } as const
    const a = member([topic], groupId, classic)
    await a.assignments.reach(6)
    const java = javaMember(
      {
        'bootstrap-server': cluster.bootstrapServers,
        'session-timeout': '10000',
        'assignment-strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
      },
      topic,
      groupId,
      20,
    )
    await a.assignments.reach(3)
    const b = member([topic], groupId)
    await Promise.all([a, b].map(({ assignments }) => assignments.reach(2)))
    await produce(topic, 0, 60)
    const { values } = await java
    await Promise.all([a, b].map(({ assignments }) => assignments.reach(3)))
    await a.consumer.close()
    await b.assignments.reach(6)
    const c = member([topic], groupId, classic)
    await Promise.all([b, c].map(({ assignments }) => assignments.reach(3)))
    await b.consumer.close()
    await c.assignments.reach(6)
    await produce(topic, 60, 120)
    const read = (): Set<string | null> => new Set([...values, ...[a, b, c].flatMap(({ reading }) => reading.values)])
    await until(() => read().size === 120)
    await c.consumer.close()
    const ours = [a, b, c].flatMap(({ reading }) => reading.values)
    expect(new Set(ours).size).toBe(ours.length)
  })

  test('take patterns, matched here or by the coordinator', async () => {
    const family = uniqueName('family')
    await createTopic(`${family}.a`)
    const here = member(new RegExp(`^${family}\\.`), uniqueName('group'))
    const there = member({ pattern: `${family}\\..*` }, uniqueName('group'))
    await Promise.all([here, there].map(({ assignments }) => assignments.reach(6)))
    await createTopic(`${family}.b`)
    await Promise.all([here, there].map(({ assignments }) => assignments.reach(12)))
    await produce(`${family}.b`, 0, 12)
    await Promise.all([here, there].map(({ reading }) => reading.reaches(12)))
    await Promise.all([here, there].map(({ consumer }) => consumer.close()))
    expect(here.assignments.events.at(-1)!.split(' ')).toHaveLength(13)
  })

  test('keep the partitions of a static member that comes back', async () => {
    const topic = await createTopic()
    const groupId = uniqueName('group')
    const a = member([topic], groupId, { groupInstanceId: 'a' })
    const b = member([topic], groupId, { groupInstanceId: 'b' })
    await Promise.all([a, b].map(({ assignments }) => assignments.reach(3)))
    const kept = a.assignments.partitions
    const before = b.assignments.events.length
    await a.consumer.close()
    const again = member([topic], groupId, { groupInstanceId: 'a' })
    await again.assignments.reach(3)
    expect(again.assignments.partitions).toEqual(kept)
    const third = member([topic], groupId, { groupInstanceId: 'b' })
    await expect(third.reading.done).rejects.toMatchObject({ errorName: 'UNRELEASED_INSTANCE_ID' })
    expect(b.assignments.events).toHaveLength(before)
    await Promise.all([again, b, third].map(({ consumer }) => consumer.close()))
  })
})

describeWithKafka('a cluster without the consumer protocol', ['java'], () => {
  test('says so to a member that asks for it', async () => {
    const cluster = await startCluster({ properties: { 'group.coordinator.rebalance.protocols': 'classic' } })
    try {
      const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers })
      const admin = kafka.admin()
      await admin.createTopics([{ name: 'orders', partitions: 1, replicationFactor: 1 }])
      await admin.close()
      const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], groupProtocol: 'consumer' })
      const failing = new Reading(consumer).done
      await expect(failing).rejects.toMatchObject({ code: 'KAFKA_UNSUPPORTED_VERSION' })
      await expect(failing).rejects.toThrow("groupProtocol: 'classic'")
      await consumer.close()
    } finally {
      await cluster.close()
    }
  })
})
