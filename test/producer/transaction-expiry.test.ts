import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TimeoutError } from '../../src/errors.ts'
import type { Producer } from '../../src/producer/producer.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { initProducerIdApi } from '../../src/protocol/messages/22-init-producer-id.ts'
import { endTxnApi } from '../../src/protocol/messages/26-end-txn.ts'
import { type ControlHandle, TestBroker, type TestBrokerOptions } from '../../src/testing/index.ts'
import { answerAll, numbered, numbers, receivedBatches, storedValues } from './fixture.ts'
import { committedValues, transactionalProducer } from './transaction-fixture.ts'

let broker: TestBroker
let producer: Producer
/** Of the producer's produce requests, those that have not ended. */
let underWay: { count: number }

async function start(options: TestBrokerOptions): Promise<void> {
  broker = await TestBroker.start({ nodes: 3, topics: { one: 1 }, autoCreateTopics: false, ...options })
  underWay = { count: 0 }
  producer = transactionalProducer(broker, { batchSizeBytes: 110 })
}

/** In place of the producer, one whose records have little time, and whose requests a bit less. */
async function hurry(): Promise<void> {
  await producer.close()
  const hooks = { produce: () => void underWay.count++, produced: () => void underWay.count-- }
  producer = transactionalProducer(broker, { batchSizeBytes: 110, deliveryTimeoutMs: 300, lingerMs: 0, hooks }, 200)
}

afterEach(async () => {
  await producer.close()
  await broker.close()
})

/** Writes records in a transaction of their own. */
function write(count: number, from: number): Promise<unknown> {
  return producer.transaction((tx) => tx.sendMany(numbered('one', 0, count, from)))
}

/**
 * Until it is disposed of, metadata leave the topic out, and whoever is taken for the leader of its partition says that it is not. `seen` resolves
 * when metadata were asked for the third time.
 */
function hideTopic(): ControlHandle & { seen: Promise<void> } {
  let count = 0
  let see!: () => void
  const seen = new Promise<void>((resolve) => (see = resolve))
  const hiding = broker.control(metadataApi, async (call) => {
    const response = await call.serve()
    if (++count === 3) see()
    for (const topic of response.topics) {
      topic.errorCode = ERROR.UNKNOWN_TOPIC_OR_PARTITION
      topic.partitions = []
    }
    return response
  })
  const refusing = broker.control(produceApi, ({ request }) =>
    answerAll(request, { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER }),
  )
  const dispose = (): void => {
    hiding.dispose()
    refusing.dispose()
  }
  return { seen, dispose, [Symbol.dispose]: dispose }
}

/** Does not answer produce requests, in the midst of which the time of their batches ends. Once released they are carried out, as late as that is. */
function holdProduce(): () => void {
  let release!: () => void
  const released = new Promise<void>((resolve) => (release = resolve))
  broker.control(produceApi, async () => {
    await released
    return undefined
  })
  return release
}

/** Has the next produce request carried out, and its answer lost. */
function loseAnswer(): void {
  broker.control(
    produceApi,
    async (call) => {
      await call.serve()
      return 'drop'
    },
    { once: true },
  )
}

const isTimeout: unknown = expect.any(TimeoutError)
/** Of a transaction that lost a batch to time. */
const LOST = { code: 'KAFKA_TRANSACTION_ABORTABLE', isAbortable: true, retriable: true, cause: isTimeout }

describe.each([2, 1] as const)('version %i', (transactionVersion) => {
  beforeEach(() => start({ transactionVersion }))

  /** What is sent next is numbered from 0 under the next epoch, which version 1 has to ask for. */
  async function expectNewEpoch(): Promise<void> {
    const before = receivedBatches(broker)
    await write(20, 0)
    const [first] = receivedBatches(broker).slice(before.length)
    expect(first).toMatchObject({ producerEpoch: before.at(-1)!.producerEpoch + 1, baseSequence: 0 })
    const raised = broker.requests.of(initProducerIdApi).filter(({ request }) => request.producerId >= 0n)
    expect(raised).toHaveLength(transactionVersion === 1 ? 1 : 0)
    expect(await committedValues(broker, 'one')).toEqual(numbers(20))
  }

  describe('metadata that leave the topic out', () => {
    test('for a while: the numbers of the partition go on in the same transaction', async () => {
      const tx = await producer.beginTransaction()
      await tx.sendMany(numbered('one', 0, 50))
      const hidden = hideTopic()
      const sent = tx.sendMany(numbered('one', 0, 50, 50))
      await hidden.seen
      hidden.dispose()
      await sent
      await tx.commit()
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
      expect(await storedValues(broker, 'one', 0)).toHaveLength(101)
      expect(new Set(receivedBatches(broker).map(({ producerEpoch }) => producerEpoch))).toEqual(new Set([0]))
    })

    test('while a batch waits whose answer was lost: the commit sends it again under its number', async () => {
      await write(50, 0)
      loseAnswer()
      const hidden = hideTopic()
      const tx = await producer.beginTransaction()
      void tx.sendMany(numbered('one', 0, 50, 50))
      const committed = tx.commit()
      await hidden.seen
      hidden.dispose()
      await committed
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
      expect(await storedValues(broker, 'one', 0)).toHaveLength(102)
    })

    test('while the transaction is aborted: what was sent once is sent again before the end', async () => {
      await write(50, 0)
      loseAnswer()
      const hidden = hideTopic()
      const tx = await producer.beginTransaction()
      const sent = tx.send({ topic: 'one', partition: 0, value: 'aborted' })
      await hidden.seen
      const aborted = tx.abort()
      await new Promise((resolve) => setImmediate(resolve))
      expect(broker.requests.count(endTxnApi)).toBe(1)
      hidden.dispose()
      await aborted
      expect(await sent).toMatchObject({ offset: 51 })
      await write(50, 50)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
      expect(await storedValues(broker, 'one', 0)).toHaveLength(104)
    })

    test('until the time of a batch is over: the transaction is aborted, and the next has a new epoch', async () => {
      await hurry()
      const tx = await producer.beginTransaction()
      await tx.send({ topic: 'one', partition: 0, value: 'x' })
      const hidden = hideTopic()
      await expect(tx.send({ topic: 'one', partition: 0, value: 'x' })).rejects.toBeInstanceOf(TimeoutError)
      await expect(tx.commit()).rejects.toMatchObject(LOST)
      await tx.abort()
      hidden.dispose()
      await expectNewEpoch()
    })
  })

  describe('a batch whose time is over while a request carries it', () => {
    beforeEach(hurry)

    test('makes the transaction fail, and what comes of the request later touches no other', async () => {
      const release = holdProduce()
      const tx = await producer.beginTransaction()
      await expect(tx.sendMany(numbered('one', 0, 20, 1000))).rejects.toMatchObject({ cause: isTimeout })
      await expect(tx.send({ topic: 'one', partition: 0, value: 'late' })).rejects.toMatchObject(LOST)
      await expect(tx.commit()).rejects.toMatchObject(LOST)
      await tx.abort()
      await producer.initTransactions()
      release()
      await expectNewEpoch()
    })

    test('makes a commit that waits for it fail', async () => {
      const release = holdProduce()
      const tx = await producer.beginTransaction()
      for (const record of numbered('one', 0, 20, 1000)) tx.enqueue(record)
      await expect(tx.commit()).rejects.toMatchObject(LOST)
      expect(broker.requests.of(endTxnApi).some(({ request }) => request.committed)).toBe(false)
      await tx.abort()
      release()
      await expectNewEpoch()
    })

    test('lets an abort that waits for it go on', async () => {
      const release = holdProduce()
      const tx = await producer.beginTransaction()
      const sent = tx.send({ topic: 'one', partition: 0, value: 'x' })
      while (underWay.count === 0) await new Promise((resolve) => setImmediate(resolve))
      await tx.abort()
      await expect(sent).rejects.toBeInstanceOf(TimeoutError)
      release()
      await expectNewEpoch()
    })

    test('and is stored after that: the transaction has failed all the same', async () => {
      const release = holdProduce()
      const tx = await producer.beginTransaction()
      await expect(tx.send({ topic: 'one', partition: 0, value: 'x' })).rejects.toBeInstanceOf(TimeoutError)
      release()
      while (underWay.count > 0) await new Promise((resolve) => setImmediate(resolve))
      await expect(tx.commit()).rejects.toMatchObject(LOST)
      await tx.abort()
      await expectNewEpoch()
    })
  })
})

describe('a batch whose time is over while a request carries it, under version 1', () => {
  test('the end of the transaction waits until no request carries anything of it', async () => {
    await start({ transactionVersion: 1 })
    await hurry()
    const release = holdProduce()
    const tx = await producer.beginTransaction()
    await expect(tx.sendMany(numbered('one', 0, 20, 1000))).rejects.toMatchObject({ cause: isTimeout })
    expect(underWay.count).toBeGreaterThan(0)
    let countAtEnd: number | undefined
    broker.control(endTxnApi, () => {
      countAtEnd = underWay.count
      return undefined
    })
    await tx.abort()
    expect(countAtEnd).toBe(0)
    release()
  })

  test('is fatal where the coordinator cannot raise epochs', async () => {
    const apiVersions = { InitProducerId: { min: 0, max: 1 } }
    await start({ transactionVersion: 1, apiVersions })
    await hurry()
    const release = holdProduce()
    const tx = await producer.beginTransaction()
    await expect(tx.send({ topic: 'one', partition: 0, value: 'x' })).rejects.toBeInstanceOf(TimeoutError)
    const fatal = { code: 'KAFKA_TRANSACTION_FATAL', isFatal: true, cause: { code: 'KAFKA_SEQUENCES_LOST' } }
    await expect(tx.abort()).rejects.toMatchObject(fatal)
    await expect(producer.beginTransaction()).rejects.toMatchObject(fatal)
    release()
  })
})
