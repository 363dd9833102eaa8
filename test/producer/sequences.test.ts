import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BrokerError, TimeoutError } from '../../src/errors.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi, type ProduceRequest } from '../../src/protocol/messages/00-produce.ts'
import { TestBroker } from '../../src/testing/index.ts'
import {
  answerAll,
  batchesOf,
  numbered,
  numbers,
  receivedBatches,
  smallBatchProducer,
  storedValues,
} from './fixture.ts'

let broker: TestBroker

beforeEach(async () => {
  broker = await TestBroker.start({ nodes: 2, topics: { one: { partitions: 1 } }, autoCreateTopics: false })
})

afterEach(async () => {
  await broker.close()
})

function isOfFirstEpoch(request: ProduceRequest): boolean {
  return batchesOf(request).some(({ producerEpoch }) => producerEpoch === 0)
}

/** Has the broker answer the n-th produce request, counted from 0, with an error instead of storing it. */
function failRequest(n: number, answer: Parameters<typeof answerAll>[1]): void {
  let count = 0
  broker.control(produceApi, ({ request }) => (count++ === n ? answerAll(request, answer) : undefined))
}

describe('sequences', () => {
  test('several batches of a partition are in flight at a time', async () => {
    let inFlight = 0
    let most = 0
    const hooks = {
      produce: () => {
        most = Math.max(most, ++inFlight)
      },
      produced: () => {
        inFlight--
      },
    }
    const producer = smallBatchProducer(broker, { hooks })
    await producer.sendMany(numbered('one', 0, 200))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(200))
    await producer.close()
    expect(most).toBe(5)
  })

  test('the first batch under an epoch goes alone, so that none behind it is stored before it', async () => {
    failRequest(0, { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER })
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 100))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(100))
    await producer.close()
  })

  test.each([
    'NOT_LEADER_OR_FOLLOWER',
    'NOT_ENOUGH_REPLICAS',
    'KAFKA_STORAGE_ERROR',
    'REQUEST_TIMED_OUT',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_ID',
  ] as const)('order holds when one of five batches in flight fails with %s', async (name) => {
    failRequest(3, { errorCode: ERROR[name] })
    const producer = smallBatchProducer(broker)
    const sent = await producer.sendMany(numbered('one', 0, 200))
    expect(sent.map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(200))
    await producer.close()
  })

  test('a batch that was stored though it lacked replicas is not stored again', async () => {
    let count = 0
    broker.control(produceApi, async (call) => {
      if (count++ !== 2) return undefined
      await call.serve()
      return answerAll(call.request, { errorCode: ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND })
    })
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 200))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(200))
    await producer.close()
  })

  test('DUPLICATE_SEQUENCE_NUMBER counts as delivered, at an offset that is not known', async () => {
    failRequest(0, { errorCode: ERROR.DUPLICATE_SEQUENCE_NUMBER })
    const producer = smallBatchProducer(broker)
    expect(await producer.send({ topic: 'one', value: 'x' })).toMatchObject({ offset: -1 })
    await producer.close()
  })

  test('a retry carries the numbers of the first attempt', async () => {
    failRequest(0, { errorCode: ERROR.NOT_ENOUGH_REPLICAS })
    const producer = smallBatchProducer(broker)
    await producer.send({ topic: 'one', value: 'x' })
    await producer.send({ topic: 'one', value: 'y' })
    const ids = receivedBatches(broker).map(({ producerId, producerEpoch, baseSequence }) => [
      producerId,
      producerEpoch,
      baseSequence,
    ])
    expect(ids).toEqual([
      [ids[0]![0], 0, 0],
      [ids[0]![0], 0, 0],
      [ids[0]![0], 0, 1],
    ])
    await producer.close()
  })

  test('what is behind a batch that failed for good is numbered anew under the next epoch', async () => {
    failRequest(3, { errorCode: ERROR.INVALID_RECORD })
    const producer = smallBatchProducer(broker)
    const outcomes = await Promise.allSettled(numbered('one', 0, 100).map((record) => producer.send(record)))
    const delivered = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`${i}`] : []))
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.length).toBeLessThan(10)
    for (const error of failed) expect(error).toMatchObject({ errorName: 'INVALID_RECORD' })
    expect(await storedValues(broker, 'one', 0)).toEqual(delivered)
    const last = receivedBatches(broker).at(-1)!
    expect(last.producerEpoch).toBe(1)
    await producer.close()
  })

  test('a lost answer is asked for under its own number before a failed neighbour raises the epoch', async () => {
    const producer = smallBatchProducer(broker)
    await producer.send({ topic: 'one', partition: 0, value: 'first' })
    let count = 0
    broker.control(produceApi, async (call) => {
      const n = count++
      // Stored, but nobody hears of it; the batch behind it is refused for good once the connection is back.
      if (n === 0) {
        await call.serve()
        return 'drop'
      }
      const isRefused = batchesOf(call.request).some(
        ({ baseSequence, producerEpoch }) => baseSequence === 6 && producerEpoch === 0,
      )
      return isRefused ? answerAll(call.request, { errorCode: ERROR.INVALID_RECORD }) : undefined
    })
    const outcomes = await Promise.allSettled(numbered('one', 0, 20).map((record) => producer.send(record)))
    const delivered = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`${i}`] : []))
    expect(await storedValues(broker, 'one', 0)).toEqual(['first', ...delivered])
    await producer.close()
  })

  test('UNKNOWN_PRODUCER_ID after retention has the producer go on under a new epoch', async () => {
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 10))
    failRequest(1, { errorCode: ERROR.UNKNOWN_PRODUCER_ID, logStartOffset: 50n })
    await producer.sendMany(numbered('one', 0, 50, 10))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(60))
    expect(receivedBatches(broker).at(-1)!.producerEpoch).toBe(1)
    await producer.close()
  })

  test('UNKNOWN_PRODUCER_ID of a broker that does not tell where its log starts is tried again as it is', async () => {
    failRequest(0, { errorCode: ERROR.UNKNOWN_PRODUCER_ID })
    const producer = smallBatchProducer(broker)
    await producer.send({ topic: 'one', value: 'x' })
    expect(receivedBatches(broker).map(({ producerEpoch }) => producerEpoch)).toEqual([0, 0])
    await producer.close()
  })

  test('OUT_OF_ORDER for the batch that is next raises the epoch', async () => {
    const producer = smallBatchProducer(broker)
    await producer.send({ topic: 'one', value: '0' })
    failRequest(0, { errorCode: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER })
    await producer.sendMany(numbered('one', 0, 50, 1))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(51))
    expect(receivedBatches(broker).at(-1)!.producerEpoch).toBe(1)
    await producer.close()
  })

  test('the epochs of other partitions move on only when nothing of theirs is under way', async () => {
    broker.createTopic('two', 2)
    failRequest(4, { errorCode: ERROR.INVALID_RECORD })
    const producer = smallBatchProducer(broker)
    const records = Array.from({ length: 200 }, (_, i) => ({ topic: 'two', partition: i % 2, value: `${i}` }))
    const outcomes = await Promise.allSettled(records.map((record) => producer.send(record)))
    for (const partition of [0, 1]) {
      const delivered = outcomes.flatMap(({ status }, i) =>
        status === 'fulfilled' && i % 2 === partition ? [`${i}`] : [],
      )
      expect(await storedValues(broker, 'two', partition)).toEqual(delivered)
    }
    await producer.close()
  })
})

describe('delivery timeout', () => {
  test('a batch whose time ends in flight fails, and its bytes are never another batch', async () => {
    let release!: () => void
    const frozen = new Promise<void>((resolve) => (release = resolve))
    const attempts: number[] = []
    const control = broker.control(produceApi, async ({ request }) => {
      attempts.push(batchesOf(request).length)
      await frozen
      return undefined
    })
    const producer = smallBatchProducer(broker, { deliveryTimeoutMs: 150, lingerMs: 0 }, { requestTimeoutMs: 140 })
    const error = await producer.send({ topic: 'one', value: 'late' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TimeoutError)
    expect((error as TimeoutError).message).toContain('one-0')
    expect(attempts.length).toBeGreaterThan(0)
    control.dispose()
    release()
    // It may be stored after all, once and as itself; what comes then is stored behind it.
    await producer.sendMany(numbered('one', 0, 50))
    const stored = await storedValues(broker, 'one', 0)
    expect(stored.filter((value) => value !== 'late')).toEqual(numbers(50))
    expect(stored.filter((value) => value === 'late').length).toBeLessThanOrEqual(1)
    await producer.close()
  })

  test('a batch of unknown fate is followed by a new epoch, not by its own number', async () => {
    // Whichever attempt it is, also one that comes when the producer has given up already.
    broker.control(produceApi, ({ request }) => (isOfFirstEpoch(request) ? 'drop' : undefined))
    const producer = smallBatchProducer(broker, { deliveryTimeoutMs: 60, lingerMs: 0 }, { requestTimeoutMs: 50 })
    await expect(producer.send({ topic: 'one', value: 'lost' })).rejects.toBeInstanceOf(TimeoutError)
    await producer.sendMany(numbered('one', 0, 20))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(20))
    expect(receivedBatches(broker).at(-1)!.producerEpoch).toBe(1)
    await producer.close()
  })
})

test('without idempotence and with one request in flight order holds over retries', async () => {
  failRequest(2, { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER })
  const producer = smallBatchProducer(broker, { idempotence: false, maxInFlight: 1 })
  await producer.sendMany(numbered('one', 0, 100))
  expect(await storedValues(broker, 'one', 0)).toEqual(numbers(100))
  await producer.close()
})

test('a fenced epoch fails the batch with the broker error', async () => {
  failRequest(0, { errorCode: ERROR.INVALID_PRODUCER_EPOCH })
  const producer = smallBatchProducer(broker)
  const error = await producer.send({ topic: 'one', value: 'x' }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(BrokerError)
  expect(error).toMatchObject({ errorName: 'INVALID_PRODUCER_EPOCH' })
  expect(await producer.send({ topic: 'one', value: 'y' })).toMatchObject({ offset: 0 })
  await producer.close()
})
