import { describe, expect, it } from 'vitest'
import type { Consumer } from '../../src/consumer/consumer.ts'
import type { GroupProtocol } from '../../src/consumer/options.ts'
import { Kafka } from '../../src/kafka.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { deleteTopicsApi } from '../../src/protocol/messages/20-delete-topics.ts'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import { string } from '../../src/serdes.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { join, start, type TextConsumer } from './group-fixture.ts'
import { Assignments, Reading, until } from './loops.ts'

const PROTOCOLS: GroupProtocol[] = ['classic', 'consumer']

function begin(topics: Record<string, number>): Promise<TestBroker> {
  return start({ topics, autoCreateTopics: false, consumerHeartbeatIntervalMs: 20 })
}

describe.each(PROTOCOLS)('subscribing to a RegExp under the %s protocol', (groupProtocol) => {
  const options = {
    groupProtocol,
    ...(groupProtocol === 'consumer' ? { heartbeatIntervalMs: undefined } : {}),
  }

  it('reads the topics that match, as they appear and go', async () => {
    const broker = await begin({ 'orders.eu': 1, returns: 1, 'all.orders.eu': 1 })
    const events = new Assignments()
    const consumer = join(broker, { ...options, topics: /^orders\./, ...events.listeners }, { metadataMaxAgeMs: 50 })
    const reading = new Reading(consumer)
    await events.reach(1)
    expect(consumer.subscription()).toEqual(['orders.eu'])
    broker.createTopic('orders.us', 2)
    await events.reach(3)
    expect(consumer.subscription()).toEqual(['orders.eu', 'orders.us'])
    await broker.append('orders.us', 1, [{ value: 'a' }])
    await reading.reaches(1)
    const admin = new Kafka({ bootstrapServers: broker.bootstrapServers }).admin()
    await admin.deleteTopics(['orders.us'])
    await admin.close()
    await events.reach(1)
    expect(events.partitions).toEqual(['orders.eu-0'])
    expect(broker.requests.count(deleteTopicsApi)).toBe(1)
  })

  it('joins its group once a topic matches', async () => {
    const broker = await begin({ returns: 1 })
    const events = new Assignments()
    const consumer = join(broker, { ...options, topics: /orders/g, ...events.listeners }, { metadataMaxAgeMs: 50 })
    void new Reading(consumer)
    await until(() => broker.requests.count(metadataApi) > 3)
    expect(broker.requests.count(joinGroupApi) + broker.requests.count(consumerGroupHeartbeatApi)).toBe(0)
    broker.createTopic('orders', 1)
    await events.reach(1)
  })

  it('can be changed for names, and for another RegExp, while the loop runs', async () => {
    const broker = await begin({ orders: 1, returns: 2, other: 3 })
    const events = new Assignments()
    const consumer = join(broker, { ...options, topics: /^orders$/, ...events.listeners }, { metadataMaxAgeMs: 50 })
    void new Reading(consumer)
    await events.reach(1)
    consumer.subscribe(['returns'])
    await events.reach(2)
    consumer.subscribe(/^[or]/)
    await events.reach(6)
    expect(consumer.subscription()).toEqual(['orders', 'other', 'returns'])
    // Until it was known what matches, what was subscribed to before stayed so.
    if (groupProtocol === 'consumer') expect(events.events.join()).not.toContain('revoked returns')
    consumer.subscribe(/^nothing/)
    await events.reach(0)
    consumer.subscribe(['orders'])
    await events.reach(1)
    await consumer.unsubscribe()
    expect(consumer.subscription()).toEqual([])
  })

  it('says when topics cannot be listed for long', async () => {
    const broker = await begin({ orders: 1 })
    broker.control(metadataApi, () => 'drop')
    const consumer = join(broker, { ...options, topics: /orders/, defaultApiTimeoutMs: 100 })
    await expect(new Reading(consumer).done).rejects.toMatchObject({ retriable: true })
  })
})

function joinMatched(broker: TestBroker, topics: { pattern: string }, events: Assignments): TextConsumer {
  const options = { groupProtocol: 'consumer' as const, heartbeatIntervalMs: undefined }
  return join(broker, { ...options, topics, ...events.listeners })
}

describe('subscribing to a pattern', () => {
  it('has the coordinator match topics, whole names, as they appear', async () => {
    const broker = await begin({ 'orders.eu': 1, returns: 1, 'all.orders.eu': 1 })
    const events = new Assignments()
    const consumer = joinMatched(broker, { pattern: 'orders\\..*' }, events)
    const reading = new Reading(consumer)
    await events.reach(1)
    expect(events.partitions).toEqual(['orders.eu-0'])
    expect(consumer.subscription()).toEqual([])
    broker.createTopic('orders.us', 2)
    await events.reach(3)
    await broker.append('orders.us', 1, [{ value: 'a' }])
    await reading.reaches(1)
    const [joining] = broker.requests.of(consumerGroupHeartbeatApi)
    expect(joining!.request).toMatchObject({ subscribedTopicNames: [], subscribedTopicRegex: 'orders\\..*' })
    consumer.subscribe(['returns'])
    await until(() => events.partitions.join() === 'returns-0')
    const told = broker.requests.of(consumerGroupHeartbeatApi).map(({ request }) => request)
    expect(told.some((each) => each.subscribedTopicRegex === '')).toBe(true)
  })

  it('that cannot be read is refused for good', async () => {
    const broker = await begin({ orders: 1 })
    const consumer = joinMatched(broker, { pattern: '(' }, new Assignments())
    await expect(new Reading(consumer).done).rejects.toMatchObject({ errorName: 'INVALID_REGULAR_EXPRESSION' })
  })

  it('needs a coordinator that knows of patterns', async () => {
    const broker = await start({ apiVersions: { ConsumerGroupHeartbeat: { min: 0, max: 0 } } })
    const failing = new Reading(joinMatched(broker, { pattern: 'orders' }, new Assignments())).done
    await expect(failing).rejects.toMatchObject({ code: 'KAFKA_UNSUPPORTED_VERSION' })
    await expect(failing).rejects.toThrow('RegExp')
  })

  it('needs the consumer protocol, and a group', async () => {
    const kafka = new Kafka({ bootstrapServers: 'localhost:1' })
    const made = (topics: RegExp | { pattern: string }, groupId?: string): Consumer<unknown, string | null> =>
      kafka.consumer({ groupId, topics, value: string })
    expect(() => made({ pattern: 'orders' }, 'g')).toThrow("groupProtocol: 'consumer'")
    expect(() => made(/orders/)).toThrow('groupId')
    const classic = kafka.consumer({ groupId: 'g' })
    expect(() => classic.subscribe({ pattern: 'orders' })).toThrow("groupProtocol: 'consumer'")
    expect(() => classic.subscribe({ pattern: '' })).toThrow('topics must be')
    expect(() => classic.subscribe([])).toThrow('topics must be')
    await classic.close()
  })
})
