import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BrokerError } from '../../src/errors.ts'
import type { BatchEndEvent, BatchEvent, ProduceEvent } from '../../src/producer/hooks.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { TestBroker } from '../../src/testing/index.ts'
import { answerAll, numbered, numbers, receivedBatches, smallBatchProducer, storedValues } from './fixture.ts'

let broker: TestBroker

beforeEach(async () => {
  broker = await TestBroker.start({
    topics: { one: 1, small: { partitions: 1, config: { 'max.message.bytes': '500' } } },
    autoCreateTopics: false,
  })
})

afterEach(async () => {
  await broker.close()
})

/** The sizes of the batches that 300 records of 1 KB make. */
async function sizes(batchSizeBytes: number | undefined): Promise<number[]> {
  const producer = smallBatchProducer(broker, { batchSizeBytes })
  await producer.sendMany(Array.from({ length: 300 }, () => ({ topic: 'one', value: 'x'.repeat(1000) })))
  await producer.close()
  return receivedBatches(broker).map(({ sizeInBytes }) => sizeInBytes)
}

describe('a batch that the broker takes for too large', () => {
  test.each(['none', 'gzip', 'lz4'] as const)('is split until it fits, in order, with %s', async (compression) => {
    const splits: number[] = []
    const hooks = { split: ({ partCount }: { partCount: number }) => splits.push(partCount) }
    const producer = smallBatchProducer(broker, { batchSizeBytes: 8000, compression, hooks })
    // Numbers whose digits do not repeat much, or compression would make all of it fit.
    const records = Array.from({ length: 500 }, (_, i) => ({
      topic: 'small',
      partition: 0,
      value: `${i} ${(Math.sin(i + 1) * 1e9).toString(36)}`,
    }))
    const sent = await producer.sendMany(records)
    expect(await storedValues(broker, 'small', 0)).toEqual(records.map(({ value }) => value))
    expect(sent.map(({ offset }) => offset)).toEqual(records.map((_, i) => i))
    expect(splits.length).toBeGreaterThan(0)
    await producer.close()
  })

  test('fails when it holds one record only', async () => {
    const producer = smallBatchProducer(broker)
    const error = await producer.send({ topic: 'small', value: 'x'.repeat(600) }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BrokerError)
    expect(error).toMatchObject({ errorName: 'MESSAGE_TOO_LARGE', topic: 'small' })
    expect(await producer.send({ topic: 'small', value: 'fits' })).toMatchObject({ offset: 0 })
    await producer.close()
  })

  test('is waited for by a flush that began before it was split', async () => {
    const producer = smallBatchProducer(broker, { batchSizeBytes: 8000, lingerMs: 60_000 })
    let isDelivered = false
    void producer.sendMany(numbered('small', 0, 200)).then(() => (isDelivered = true))
    await producer.flush()
    await Promise.resolve()
    expect(await storedValues(broker, 'small', 0)).toEqual(numbers(200))
    expect(isDelivered).toBe(true)
    await producer.close()
  })
})

describe('a batch that has to wait for its turn', () => {
  test('goes on to take records, up to 128 KiB', async () => {
    const largest = Math.max(...(await sizes(undefined)))
    expect(largest).toBeGreaterThan(100_000)
    expect(largest).toBeLessThanOrEqual(131_072)
  })

  test('takes no more than batchSizeBytes where that is given', async () => {
    const all = await sizes(16_384)
    expect(Math.max(...all)).toBeLessThanOrEqual(16_384)
    expect(all.length).toBeGreaterThan(18)
  })
})

describe('compressed batches', () => {
  test('hold more records once it is known how well these compress', async () => {
    const producer = smallBatchProducer(broker, { compression: 'gzip', batchSizeBytes: 2000 })
    const value = 'the same words again and again '.repeat(3)
    for (let i = 0; i < 40; i++) {
      await producer.sendMany(Array.from({ length: 60 }, () => ({ topic: 'one', partition: 0, value })))
    }
    const counts = receivedBatches(broker).map(({ count }) => count ?? 0)
    expect(Math.max(...counts.slice(-20))).toBeGreaterThan(Math.max(...counts.slice(0, 3)))
    await producer.close()
  })

  test('of one partition keep their order though they compress at different speeds', async () => {
    const producer = smallBatchProducer(broker, { compression: 'gzip', batchSizeBytes: 60_000 })
    const records = Array.from({ length: 60 }, (_, i) => ({
      topic: 'one',
      partition: 0,
      value: `${i} ${'x'.repeat(i % 2 === 0 ? 50_000 : 10)}`,
    }))
    await producer.sendMany(records)
    const stored = await storedValues(broker, 'one', 0)
    expect(stored.map((value) => Number(value.split(' ')[0]))).toEqual(records.map((_, i) => i))
    await producer.close()
  })
})

test('the records that a broker refuses are told from those that shared their batch', async () => {
  const recordErrors = [{ batchIndex: 1, batchIndexErrorMessage: 'no key' }]
  broker.control(
    produceApi,
    ({ request }) => answerAll(request, { errorCode: ERROR.INVALID_RECORD, recordErrors, errorMessage: 'bad records' }),
    { once: true },
  )
  const producer = smallBatchProducer(broker)
  const outcomes = await Promise.allSettled(numbered('one', 0, 3).map((record) => producer.send(record)))
  const messages = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).message : ''))
  expect(messages[1]).toContain('no key')
  expect(messages[0]).toContain('another record of the batch was refused')
  expect(messages[2]).toBe(messages[0])
  await producer.close()
})

describe('hooks', () => {
  test('tell of requests, of batches, of retries and of memory', async () => {
    const events: string[] = []
    const ends: BatchEndEvent[] = []
    const requests: ProduceEvent[] = []
    broker.control(produceApi, ({ request }) => answerAll(request, { errorCode: ERROR.NOT_ENOUGH_REPLICAS }), {
      once: true,
    })
    const producer = smallBatchProducer(broker, {
      compression: 'gzip',
      batchSizeBytes: 16_384,
      hooks: {
        produce: (event) => {
          events.push('produce')
          requests.push(event)
        },
        produced: ({ error }) => events.push(`produced ${error === undefined ? 'well' : 'badly'}`),
        retry: ({ attempts, error }: BatchEvent & { error: Error }) =>
          events.push(`retry ${attempts} ${(error as BrokerError).errorName}`),
        batchEnd: (event) => {
          events.push('end')
          ends.push(event)
        },
      },
    })
    await producer.sendMany(Array.from({ length: 100 }, () => ({ topic: 'one', value: 'a word and the same word' })))
    await producer.flush()
    expect(events).toEqual([
      'produce',
      'retry 1 NOT_ENOUGH_REPLICAS',
      'produced well',
      'produce',
      'end',
      'produced well',
    ])
    expect(requests[0]).toMatchObject({ nodeId: 1, batchCount: 1, recordCount: 100 })
    expect(ends[0]).toMatchObject({ topic: 'one', recordCount: 100, attempts: 2, baseOffset: 0, error: undefined })
    expect(ends[0]!.bufferedBytes).toBe(0)
    expect(ends[0]!.encodedBytes).toBeLessThan(ends[0]!.sizeInBytes)
    expect(producer.bufferedBytes).toBe(0)
    await producer.close()
  })

  test('tell why a batch failed', async () => {
    const errors: unknown[] = []
    broker.control(produceApi, ({ request }) => answerAll(request, { errorCode: ERROR.TOPIC_AUTHORIZATION_FAILED }))
    const producer = smallBatchProducer(broker, { hooks: { batchEnd: ({ error }) => errors.push(error) } })
    await expect(producer.send({ topic: 'one', value: 'x' })).rejects.toBeInstanceOf(BrokerError)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED' })
    await producer.close()
  })
})
