import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClosedError, ConfigError } from '../../src/errors.ts'
import { EnqueueError } from '../../src/producer/send-error.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { failWith, TestBroker } from '../../src/testing/index.ts'
import { answerAll, numbered, numbers, smallBatchProducer, storedValues } from './fixture.ts'

let broker: TestBroker

beforeEach(async () => {
  broker = await TestBroker.start({ topics: { one: 1 }, autoCreateTopics: false })
})

afterEach(async () => {
  await broker.close()
})

describe('enqueue', () => {
  test('keeps the order of a partition, from the first record on', async () => {
    const producer = smallBatchProducer(broker)
    for (const record of numbered('one', 0, 500)) if (!producer.enqueue(record)) await producer.ready()
    await producer.flush()
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(500))
    await producer.close()
  })

  test('asks for a pause when half of the buffer is in use', async () => {
    const producer = smallBatchProducer(broker, { bufferMemoryBytes: 2048 })
    await producer.send({ topic: 'one', value: 'metadata' })
    const value = 'x'.repeat(600)
    expect(producer.enqueue({ topic: 'one', value })).toBe(true)
    expect(producer.enqueue({ topic: 'one', value })).toBe(false)
    await producer.ready()
    expect(producer.bufferedBytes).toBeLessThan(1024)
    await producer.close()
  })

  test('asks for a pause when a mebibyte of full batches waits for its turn', async () => {
    const producer = smallBatchProducer(broker, { batchSizeBytes: 16_384 })
    await producer.send({ topic: 'one', value: 'metadata' })
    const value = 'x'.repeat(1000)
    let count = 1
    while (producer.enqueue({ topic: 'one', value })) count++
    expect(count).toBeGreaterThan(1000)
    expect(count).toBeLessThan(1100)
    await producer.ready()
    expect(producer.enqueue({ topic: 'one', value })).toBe(true)
    await producer.close()
  })

  test('failures that nobody waits for come out of flush, once', async () => {
    broker.control(produceApi, ({ request }) => answerAll(request, { errorCode: ERROR.TOPIC_AUTHORIZATION_FAILED }), {
      once: true,
    })
    const producer = smallBatchProducer(broker, { batchSizeBytes: 16_384 })
    for (const record of numbered('one', 0, 3)) producer.enqueue(record)
    const error = await producer.flush().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(EnqueueError)
    expect(error).toMatchObject({ failedCount: 3, code: 'KAFKA_ENQUEUE' })
    expect((error as EnqueueError).cause).toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED' })
    await producer.flush()
    await producer.close()
  })

  test('failures that were never flushed come out of close', async () => {
    broker.control(produceApi, () => failWith('TOPIC_AUTHORIZATION_FAILED'))
    const producer = smallBatchProducer(broker)
    producer.enqueue({ topic: 'one', value: 'x' })
    await expect(producer.close()).rejects.toBeInstanceOf(EnqueueError)
  })

  test('onError hears of each failure, and flush then resolves', async () => {
    broker.control(produceApi, () => failWith('TOPIC_AUTHORIZATION_FAILED'))
    const errors: unknown[] = []
    const producer = smallBatchProducer(broker, { onError: (error) => errors.push(error) })
    for (const record of numbered('one', 0, 3)) producer.enqueue(record)
    await producer.flush()
    expect(errors).toHaveLength(3)
    await producer.close()
  })

  test('an unknown topic is told like any other failure', async () => {
    const producer = smallBatchProducer(broker, { maxBlockMs: 50 })
    expect(producer.enqueue({ topic: 'missing', value: 'x' })).toBe(false)
    const error = await producer.flush().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ failedCount: 1 })
    expect((error as EnqueueError).cause).toMatchObject({ errorName: 'UNKNOWN_TOPIC_OR_PARTITION' })
    await producer.close()
  })

  test('throws at once for what is no record, and after close', async () => {
    const producer = smallBatchProducer(broker)
    expect(() => producer.enqueue({ topic: 'one', value: undefined as never })).toThrow(ConfigError)
    await producer.close()
    expect(() => producer.enqueue({ topic: 'one', value: 'x' })).toThrow(ClosedError)
  })

  test('a flush inside an error handler resolves', async () => {
    broker.control(produceApi, () => failWith('TOPIC_AUTHORIZATION_FAILED'))
    let flushed: Promise<void> | undefined
    const producer = smallBatchProducer(broker, {
      onError: () => {
        flushed ??= producer.flush()
      },
    })
    producer.enqueue({ topic: 'one', value: 'x' })
    await producer.flush()
    await flushed
    expect(flushed).toBeDefined()
    await producer.close()
  })
})

describe('writable', () => {
  test('takes a stream of records and closes when all are delivered', async () => {
    const producer = smallBatchProducer(broker, { bufferMemoryBytes: 1024 })
    await ReadableStream.from(numbered('one', 0, 300)).pipeTo(producer.writable())
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(300))
    await producer.close()
  })

  test('holds the source back while the buffer is full', async () => {
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    broker.control(produceApi, async () => {
      await held
      return undefined
    })
    const producer = smallBatchProducer(broker, { bufferMemoryBytes: 2048 })
    let pulled = 0
    const source = new ReadableStream({
      pull: (controller) => {
        if (pulled++ < 100) controller.enqueue({ topic: 'one', partition: 0, value: 'x'.repeat(200) })
        else controller.close()
      },
    })
    const piped = source.pipeTo(producer.writable())
    while (producer.bufferedBytes < 1024) await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(pulled).toBeLessThan(20)
    release()
    await piped
    expect(await storedValues(broker, 'one', 0)).toHaveLength(100)
    await producer.close()
  })

  test('errors with the first record that could not be sent', async () => {
    broker.control(produceApi, () => failWith('TOPIC_AUTHORIZATION_FAILED'))
    const producer = smallBatchProducer(broker)
    const writer = producer.writable().getWriter()
    await writer.write({ topic: 'one', value: 'x' })
    await expect(writer.close()).rejects.toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED' })
    await expect(writer.closed).rejects.toMatchObject({ errorName: 'TOPIC_AUTHORIZATION_FAILED' })
    await producer.close()
  })
})
