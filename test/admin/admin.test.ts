import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Admin, AdminError, BrokerError, ClosedError, ConfigError, Kafka } from '../../src/index.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { createTopicsApi } from '../../src/protocol/messages/19-create-topics.ts'
import { TestBroker } from '../../src/testing/index.ts'

let broker: TestBroker
let admin: Admin

beforeEach(async () => {
  broker = await TestBroker.start({ nodes: 3, topics: { existing: { partitions: 2 } }, autoCreateTopics: true })
  admin = new Kafka({ bootstrapServers: broker.bootstrapServers, retryBackoffMs: 1 }).admin()
})

afterEach(async () => {
  await admin.close()
  await broker.close()
})

const names = async () => (await admin.listTopics()).map(({ name }) => name)

describe('createTopics', () => {
  test('creates topics that listTopics and describeTopics show', async () => {
    await admin.createTopics([
      { name: 'a', partitions: 4, replicationFactor: 3, configs: { 'cleanup.policy': 'compact' } },
      { name: 'b' },
    ])
    expect(await names()).toEqual(['a', 'b', 'existing'])
    const [topic] = await admin.describeTopics(['a'])
    expect(topic!.name).toBe('a')
    expect(topic!.topicId).toMatch(/^[\w-]{22}$/)
    expect(topic!.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3])
    for (const { leaderId, replicas, isr } of topic!.partitions) {
      expect(replicas).toHaveLength(3)
      expect(replicas).toContain(leaderId)
      expect(new Set(isr)).toEqual(new Set(replicas))
    }
  })

  test('only checks when asked to', async () => {
    await admin.createTopics([{ name: 'a' }], { validateOnly: true })
    expect(await names()).toEqual(['existing'])
  })

  test('names the one topic that failed', async () => {
    const error = await admin.createTopics([{ name: 'a' }, { name: 'existing' }]).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName: 'TOPIC_ALREADY_EXISTS', topic: 'existing', api: 'CreateTopics' })
    expect(await names()).toEqual(['a', 'existing'])
  })

  test('lists each topic that failed', async () => {
    const error = await admin
      .createTopics([{ name: 'a', replicationFactor: 9 }, { name: 'existing' }, { name: 'fine' }])
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(AdminError)
    expect(Array.from((error as AdminError).errors, ([name, { errorName }]) => [name, errorName])).toEqual([
      ['a', 'INVALID_REPLICATION_FACTOR'],
      ['existing', 'TOPIC_ALREADY_EXISTS'],
    ])
    expect(await names()).toContain('fine')
  })

  test('tries again when the controller has moved', async () => {
    let count = 0
    broker.control(createTopicsApi, ({ request }) => {
      count++
      if (count > 1) return undefined
      return { topics: request.topics.map(({ name }) => ({ name, errorCode: ERROR.NOT_CONTROLLER })) }
    })
    await admin.createTopics([{ name: 'a' }])
    expect(count).toBe(2)
  })

  test.each([
    [{ name: '' }, 'names'],
    [{ name: 'a', partitions: 0 }, 'partitions'],
    [{ name: 'a', replicationFactor: 1.5 }, 'replicationFactor'],
  ])('refuses %j', async (topic, option) => {
    await expect(admin.createTopics([topic])).rejects.toMatchObject({ code: 'KAFKA_CONFIG', option })
  })
})

describe('deleteTopics', () => {
  test('deletes', async () => {
    await admin.deleteTopics(['existing'])
    expect(await names()).toEqual([])
  })

  test('says which topic is unknown', async () => {
    await expect(admin.deleteTopics(['missing'])).rejects.toMatchObject({
      errorName: 'UNKNOWN_TOPIC_OR_PARTITION',
      topic: 'missing',
    })
  })
})

describe('describeTopics', () => {
  test('does not create what it asks for', async () => {
    await expect(admin.describeTopics(['missing'])).rejects.toMatchObject({ errorName: 'UNKNOWN_TOPIC_OR_PARTITION' })
    expect(await names()).toEqual(['existing'])
  })

  test('refuses what is no list of names', async () => {
    await expect(admin.describeTopics('existing' as never)).rejects.toBeInstanceOf(ConfigError)
  })
})

test('calls after close reject', async () => {
  await admin.close()
  await expect(admin.listTopics()).rejects.toBeInstanceOf(ClosedError)
})
