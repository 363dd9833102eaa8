import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  BrokerError,
  ClosedError,
  ConfigError,
  json,
  Kafka,
  KafkaError,
  SendError,
  string,
  TimeoutError,
} from '../../src/index.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { TestBroker } from '../../src/testing/index.ts'

let broker: TestBroker
let kafka: Kafka

beforeEach(async () => {
  broker = await TestBroker.start({
    topics: { one: { partitions: 1 }, three: { partitions: 3 } },
    autoCreateTopics: false,
  })
  kafka = new Kafka({ bootstrapServers: broker.bootstrapServers, retryBackoffMs: 1, retryBackoffMaxMs: 5 })
})

afterEach(async () => {
  await broker.close()
})

const text = (bytes: Uint8Array | null) => (bytes === null ? null : new TextDecoder().decode(bytes))

/** Makes every partition of the next `times` produce requests fail with a code, without storing anything. */
function failProduce(errorCode: number, times: number): { count: () => number } {
  let count = 0
  broker.control(produceApi, ({ request }) => {
    if (count >= times) return undefined
    count++
    return {
      responses: request.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1n })),
      })),
    }
  })
  return { count: () => count }
}

describe('send', () => {
  test('stores key, value, headers and timestamp, and says where', async () => {
    const producer = kafka.producer()
    const metadata = await producer.send({
      topic: 'one',
      key: 'k',
      value: 'grüße',
      headers: [
        ['a', '1'],
        ['a', null],
      ],
      timestamp: 1_700_000_000_000,
    })
    expect(metadata).toEqual({ topic: 'one', partition: 0, offset: 0, timestamp: 1_700_000_000_000 })
    const [record] = await broker.records('one', 0)
    expect(text(record!.key)).toBe('k')
    expect(text(record!.value)).toBe('grüße')
    expect(record!.timestamp).toBe(1_700_000_000_000)
    expect(record!.headers.map(({ key, value }) => [key, text(value)])).toEqual([
      ['a', '1'],
      ['a', null],
    ])
    await producer.close()
  })

  test('tells null keys, tombstones and empty values apart', async () => {
    const producer = kafka.producer()
    await producer.sendMany([
      { topic: 'one', value: null, key: 'gone' },
      { topic: 'one', value: '' },
      { topic: 'one', value: new Uint8Array(0), key: '' },
    ])
    const records = await broker.records('one', 0)
    expect(records.map(({ key, value }) => [text(key), text(value)])).toEqual([
      ['gone', null],
      [null, ''],
      ['', ''],
    ])
    await producer.close()
  })

  test('goes through serialisers, asynchronous ones too, and keeps the order', async () => {
    const producer = kafka.producer({
      key: string,
      value: {
        serialize: async (data: number, { topic, field, headers }) => {
          // The first takes longest: order must not depend on it.
          await new Promise((resolve) => setTimeout(resolve, 10 - data))
          return `${topic} ${field} ${headers.length} ${data}`
        },
      },
    })
    await Promise.all([1, 2, 3].map((value) => producer.send({ topic: 'one', key: 'k', value, headers: { h: 'x' } })))
    const records = await broker.records('one', 0)
    expect(records.map(({ value }) => text(value))).toEqual(['one value 1 1', 'one value 1 2', 'one value 1 3'])
    await producer.close()
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'stores batches compressed with %s',
    async (compression) => {
      const producer = kafka.producer({ compression })
      const values = Array.from({ length: 100 }, (_, i) => `value ${i}`)
      await producer.sendMany(values.map((value) => ({ topic: 'one', value })))
      const records = await broker.records('one', 0)
      expect(records.map(({ value }) => text(value))).toEqual(values)
      await producer.close()
    },
  )

  test('sends to every partition and keeps the order in each', async () => {
    const producer = kafka.producer({ value: json<number>(), batchSizeBytes: 500 })
    const records = Array.from({ length: 3000 }, (_, value) => ({ topic: 'three', partition: value % 3, value }))
    const sent = await producer.sendMany(records)
    sent.forEach(({ partition, offset }, i) => {
      expect(partition).toBe(i % 3)
      expect(offset).toBe(Math.floor(i / 3))
    })
    for (const partition of [0, 1, 2]) {
      const stored = await broker.records('three', partition)
      expect(stored.map(({ value }) => Number(text(value)))).toEqual(
        Array.from({ length: 1000 }, (_, i) => i * 3 + partition),
      )
    }
    await producer.close()
  })

  test('batches what comes within the linger time into one request', async () => {
    let requests = 0
    broker.control(produceApi, () => {
      requests++
      return undefined
    })
    const producer = kafka.producer({ lingerMs: 20 })
    await producer.send({ topic: 'one', value: 'first' })
    requests = 0
    await Promise.all(Array.from({ length: 50 }, (_, i) => producer.send({ topic: 'one', value: `${i}` })))
    expect(requests).toBe(1)
    await producer.close()
  })

  test('sendMany tells the places of all records, in the order given, as often as asked', async () => {
    const producer = kafka.producer()
    const sent = await producer.sendMany([
      { topic: 'one', value: 'a', timestamp: 1_700_000_000_001 },
      { topic: 'three', value: 'b', partition: 2, timestamp: 1_700_000_000_002 },
      { topic: 'one', value: 'c', timestamp: 1_700_000_000_003 },
    ])
    const places = [
      { topic: 'one', partition: 0, offset: 0, timestamp: 1_700_000_000_001 },
      { topic: 'three', partition: 2, offset: 0, timestamp: 1_700_000_000_002 },
      { topic: 'one', partition: 0, offset: 1, timestamp: 1_700_000_000_003 },
    ]
    expect(sent.length).toBe(3)
    expect([...sent]).toEqual(places)
    expect(sent.toArray()).toEqual(places)
    expect([-1, 1, 3, 0.5].map((index) => sent.at(index))).toEqual([undefined, places[1], undefined, undefined])
    const visited: unknown[] = []
    sent.forEach((metadata, i) => visited.push([i, metadata]))
    expect(visited).toEqual(places.map((place, i) => [i, place]))
    await producer.close()
  })

  test('sendMany of nothing resolves', async () => {
    const producer = kafka.producer()
    expect((await producer.sendMany([])).length).toBe(0)
    await producer.close()
  })

  test('a record alone does not wait for company when nothing is under way', async () => {
    const producer = kafka.producer()
    await producer.send({ topic: 'one', value: 'first' })
    const timers: unknown[] = []
    const original = globalThis.setTimeout
    vi.stubGlobal('setTimeout', (run: () => void, ms: number) => {
      timers.push(ms)
      return original(run, ms)
    })
    await producer.send({ topic: 'one', value: 'second' })
    vi.unstubAllGlobals()
    expect(timers).not.toContain(5)
    await producer.close()
  })

  test('flush sends at once what lingers', async () => {
    const producer = kafka.producer({ lingerMs: 60_000, deliveryTimeoutMs: 120_000 })
    const sent = producer.send({ topic: 'one', value: 'x' })
    await producer.flush()
    expect(await sent).toMatchObject({ offset: 0 })
    await producer.close()
  })

  test('works with acks 0 and 1', async () => {
    for (const acks of [0, 1] as const) {
      const producer = kafka.producer({ acks })
      const { offset } = await producer.send({ topic: 'one', value: 'x' })
      expect(offset).toBe(acks === 0 ? -1 : 1)
      await producer.close()
    }
    expect(await broker.records('one', 0)).toHaveLength(2)
  })

  test('waits for memory rather than growing', async () => {
    const producer = kafka.producer({ bufferMemoryBytes: 2048, batchSizeBytes: 512 })
    const value = 'x'.repeat(300)
    const sent = await Promise.all(Array.from({ length: 100 }, () => producer.send({ topic: 'one', value })))
    expect(sent.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    await producer.close()
  })
})

describe('failures', () => {
  test.each([
    'NOT_LEADER_OR_FOLLOWER',
    'NOT_ENOUGH_REPLICAS',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'CORRUPT_MESSAGE',
  ] as const)('sends again after %s', async (name) => {
    const failing = failProduce(ERROR[name], 2)
    const producer = kafka.producer()
    expect(await producer.send({ topic: 'one', value: 'x' })).toMatchObject({ offset: 0 })
    expect(failing.count()).toBe(2)
    await producer.close()
  })

  test('fails at once with an error that trying again does not cure', async () => {
    failProduce(ERROR.TOPIC_AUTHORIZATION_FAILED, 1)
    const producer = kafka.producer()
    const error = await producer.send({ topic: 'one', value: 'x' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED', topic: 'one', partition: 0, api: 'Produce' })
    expect(await producer.send({ topic: 'one', value: 'y' })).toMatchObject({ offset: 0 })
    await producer.close()
  })

  test('stores a batch once though its answer got lost', async () => {
    let count = 0
    broker.control(produceApi, async (call) => {
      count++
      if (count > 1) return undefined
      await call.serve()
      return 'drop'
    })
    const producer = kafka.producer()
    await producer.send({ topic: 'one', value: 'x' })
    expect(await producer.send({ topic: 'one', value: 'y' })).toMatchObject({ offset: 1 })
    const records = await broker.records('one', 0)
    expect(records.map(({ value }) => text(value))).toEqual(['x', 'y'])
    await producer.close()
  })

  test('goes on under a new epoch when the broker lost the producer', async () => {
    const producer = kafka.producer()
    await producer.send({ topic: 'one', value: 'x' })
    failProduce(ERROR.UNKNOWN_PRODUCER_ID, 1)
    await producer.send({ topic: 'one', value: 'y' })
    await producer.send({ topic: 'one', value: 'z' })
    const records = await broker.records('one', 0)
    expect(records.map(({ value }) => text(value))).toEqual(['x', 'y', 'z'])
    await producer.close()
  })

  test('gives up after the delivery timeout', async () => {
    failProduce(ERROR.NOT_ENOUGH_REPLICAS, Infinity)
    const impatient = new Kafka({ bootstrapServers: broker.bootstrapServers, requestTimeoutMs: 100, retryBackoffMs: 1 })
    const producer = impatient.producer({ deliveryTimeoutMs: 200 })
    const error = await producer.send({ topic: 'one', value: 'x' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TimeoutError)
    expect((error as TimeoutError).message).toContain('one-0')
    await producer.close()
  })

  test('an unknown topic rejects within maxBlockMs', async () => {
    const producer = kafka.producer({ maxBlockMs: 1000 })
    const error = await producer.send({ topic: 'missing', value: 'x' }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'KAFKA_BROKER', errorName: 'UNKNOWN_TOPIC_OR_PARTITION', topic: 'missing' })
    await producer.close()
  })

  test('an unknown topic does not hold up others', async () => {
    const producer = kafka.producer({ maxBlockMs: 2000 })
    const missing = producer.send({ topic: 'missing', value: 'x' }).catch((error: unknown) => error)
    expect(await producer.send({ topic: 'one', value: 'x' })).toMatchObject({ offset: 0 })
    await producer.close({ timeoutMs: 0 })
    expect(await missing).toBeInstanceOf(KafkaError)
  })

  test.each([
    ['a partition that does not exist', { topic: 'one', value: 'x', partition: 7 }, 'partition'],
    ['a negative partition', { topic: 'one', value: 'x', partition: -1 }, 'partition'],
    ['a record above the size limit', { topic: 'one', value: 'x'.repeat(2_000_000) }, 'maxRequestSizeBytes'],
    ['no value', { topic: 'one' }, 'value'],
    ['no topic', { value: 'x' }, 'topic'],
    ['a timestamp that is none', { topic: 'one', value: 'x', timestamp: 1.5 }, 'timestamp'],
    ['a header of the wrong type', { topic: 'one', value: 'x', headers: { a: 5 } }, 'headers'],
    ['no object', 'x', 'record'],
  ])('refuses %s', async (_, record, option) => {
    const producer = kafka.producer()
    const error = await producer.send(record as never).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).option).toBe(option)
    expect(await producer.send({ topic: 'one', value: 'fine' })).toMatchObject({ offset: 0 })
    await producer.close()
  })

  test('refuses a value of the wrong type and goes on', async () => {
    const producer = kafka.producer()
    await expect(producer.send({ topic: 'one', value: 5 as never })).rejects.toMatchObject({ code: 'KAFKA_ENCODE' })
    await expect(producer.send({ topic: 'one', value: '\ud800' })).rejects.toMatchObject({ code: 'KAFKA_ENCODE' })
    expect(await producer.send({ topic: 'one', value: 'fine' })).toMatchObject({ offset: 0 })
    await producer.close()
  })

  test('rejects with what a serialiser throws or rejects with', async () => {
    const thrown = new Error('no')
    const throwing = kafka.producer({
      value: {
        serialize: () => {
          throw thrown
        },
      },
    })
    await expect(throwing.send({ topic: 'one', value: 'x' })).rejects.toBe(thrown)
    await throwing.close()
    const rejecting = kafka.producer({ value: { serialize: () => Promise.reject(thrown) } })
    await expect(rejecting.send({ topic: 'one', value: 'x' })).rejects.toBe(thrown)
    await rejecting.close()
  })

  test('sendMany tells the outcome of each record', async () => {
    const producer = kafka.producer()
    const error = await producer
      .sendMany([
        { topic: 'one', value: 'a' },
        { topic: 'one', value: undefined as never },
        { topic: 'one', value: 'c' },
      ])
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SendError)
    const { outcomes, message } = error as SendError
    expect(message).toContain('1 of 3 records')
    expect(outcomes[0]).toMatchObject({ metadata: { offset: 0 } })
    expect(outcomes[1]!.error).toBeInstanceOf(ConfigError)
    expect(outcomes[2]).toMatchObject({ metadata: { offset: 1 } })
    await producer.close()
  })

  test('an aborted send rejects with the reason', async () => {
    const producer = kafka.producer()
    const reason = new Error('enough')
    await expect(producer.send({ topic: 'one', value: 'x' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    const controller = new AbortController()
    const sent = producer.send({ topic: 'missing', value: 'x' }, { signal: controller.signal })
    controller.abort(reason)
    await expect(sent).rejects.toBe(reason)
    await producer.close()
  })
})

describe('close', () => {
  test('delivers what was accepted', async () => {
    const producer = kafka.producer({ lingerMs: 60_000, deliveryTimeoutMs: 120_000 })
    const sent = producer.sendMany([
      { topic: 'one', value: 'a' },
      { topic: 'three', value: 'b', partition: 1 },
    ])
    await producer.close()
    expect(await sent).toHaveLength(2)
  })

  test('rejects what cannot be delivered in time', async () => {
    broker.control(produceApi, () => 'ignore')
    const producer = kafka.producer()
    const sent = producer.send({ topic: 'one', value: 'a' }).catch((error: unknown) => error)
    await producer.close({ timeoutMs: 100 })
    expect(await sent).toBeInstanceOf(ClosedError)
  })

  test('refuses records afterwards, and may be called twice', async () => {
    const producer = kafka.producer()
    await producer.close()
    await producer.close()
    await expect(producer.send({ topic: 'one', value: 'x' })).rejects.toBeInstanceOf(ClosedError)
  })
})

test('options that contradict each other are refused', () => {
  expect(() => kafka.producer({ acks: 1, idempotence: true })).toThrow(ConfigError)
  expect(() => kafka.producer({ deliveryTimeoutMs: 10 })).toThrow(/lingerMs \+ requestTimeoutMs/)
  expect(() => kafka.producer({ linger: 5 } as never)).toThrow('did you mean lingerMs?')
})
