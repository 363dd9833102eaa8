import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BrokerError, TransactionError } from '../../src/errors.ts'
import type { Producer } from '../../src/producer/producer.ts'
import { ERROR, type ErrorName } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { findCoordinatorApi } from '../../src/protocol/messages/10-find-coordinator.ts'
import { initProducerIdApi } from '../../src/protocol/messages/22-init-producer-id.ts'
import { addPartitionsToTxnApi } from '../../src/protocol/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnApi } from '../../src/protocol/messages/25-add-offsets-to-txn.ts'
import { endTxnApi } from '../../src/protocol/messages/26-end-txn.ts'
import { txnOffsetCommitApi } from '../../src/protocol/messages/28-txn-offset-commit.ts'
import { failWith, TestBroker } from '../../src/testing/index.ts'
import { answerAll, batchesOf, numbered, numbers, storedValues } from './fixture.ts'
import { committedValues, transactionalProducer, transactionalRequests } from './transaction-fixture.ts'

const GROUP = { groupId: 'group', generationId: -1, memberId: '', groupInstanceId: null }
const OFFSETS = { groupMetadata: GROUP, offsets: [{ topic: 'one', partition: 0, offset: 5 }] }

let broker: TestBroker
let producer: Producer

async function start(transactionVersion: 1 | 2, requestTimeoutMs?: number): Promise<void> {
  broker = await TestBroker.start({ nodes: 3, topics: { one: 2 }, autoCreateTopics: false, transactionVersion })
  // About five records a batch, so that many are in flight.
  producer = transactionalProducer(broker, { batchSizeBytes: 110 }, requestTimeoutMs)
}

afterEach(async () => {
  await producer.close()
  await broker.close()
})

/** Writes a hundred records in a transaction of their own. */
function hundred(from: number): Promise<unknown> {
  return producer.transaction((tx) => tx.sendMany(numbered('one', 0, 100, from)))
}

describe.each([2, 1] as const)('version %i', (version) => {
  beforeEach(() => start(version))

  describe('brokers and leaders', () => {
    test('a leader that moves again and again in the midst of transactions', async () => {
      let count = 0
      broker.control(produceApi, () => {
        if (count++ % 5 === 2) broker.moveLeader('one', 0, (count % 3) + 1)
        return undefined
      })
      for (let i = 0; i < 3; i++) await hundred(i * 100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(300))
    })

    test('connections that are cut before and after a batch was stored', async () => {
      let count = 0
      broker.control(produceApi, async (call) => {
        const n = count++
        if (n % 5 === 1) return 'drop'
        if (n % 5 !== 3) return undefined
        await call.serve()
        return 'drop'
      })
      for (let i = 0; i < 3; i++) await hundred(i * 100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(300))
      expect(await storedValues(broker, 'one', 0)).toHaveLength(303)
    })

    test.each([
      'NOT_ENOUGH_REPLICAS',
      'NOT_LEADER_OR_FOLLOWER',
      'CONCURRENT_TRANSACTIONS',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ] as const)('one of five batches in flight fails with %s', async (name) => {
      let count = 0
      broker.control(produceApi, ({ request }) =>
        count++ === 3 ? answerAll(request, { errorCode: ERROR[name] }) : undefined,
      )
      for (let i = 0; i < 2; i++) await hundred(i * 100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(200))
    })

    test('a batch that was stored though it lacked replicas is not stored again', async () => {
      let count = 0
      broker.control(produceApi, async (call) => {
        if (count++ !== 3) return undefined
        await call.serve()
        return answerAll(call.request, { errorCode: ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND })
      })
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test('DUPLICATE_SEQUENCE_NUMBER counts as delivered', async () => {
      broker.control(
        produceApi,
        async (call) => {
          await call.serve()
          return answerAll(call.request, { errorCode: ERROR.DUPLICATE_SEQUENCE_NUMBER })
        },
        { once: true },
      )
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test('a batch that is too large is split, and its parts are of the transaction', async () => {
      broker.control(produceApi, ({ request }) => {
        const isLarge = batchesOf(request).some(({ count }) => count! > 2)
        return isLarge ? answerAll(request, { errorCode: ERROR.MESSAGE_TOO_LARGE }) : undefined
      })
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test('retention that takes what the broker knew of the producer', async () => {
      await hundred(0)
      let count = 0
      const forgetting = broker.control(produceApi, ({ request }) => {
        if (count++ > 0) return undefined
        const { endOffset } = broker.partition('one', 0)!
        return answerAll(request, { errorCode: ERROR.UNKNOWN_PRODUCER_ID, logStartOffset: BigInt(endOffset) })
      })
      const tx = await producer.beginTransaction()
      void tx.sendMany(numbered('one', 0, 3, 100))
      // TestBroker has forgotten nothing: what matters is that the numbers begin anew, under the same epoch.
      const renumbered = new Promise<number>((resolve) => {
        broker.control(produceApi, ({ request }) => {
          if (count > 1) resolve(batchesOf(request)[0]!.baseSequence)
          return undefined
        })
      })
      expect(await renumbered).toBe(0)
      forgetting.dispose()
      await tx.abort()
      await hundred(100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(200))
    })

    test('a batch that is refused for good makes the transaction fail, and the next one goes on', async () => {
      await hundred(0)
      let count = 0
      const refusing = broker.control(produceApi, ({ request }) =>
        count++ === 2 ? answerAll(request, { errorCode: ERROR.INVALID_RECORD }) : undefined,
      )
      const tx = await producer.beginTransaction()
      const sent = tx.sendMany(numbered('one', 0, 50, 1000))
      await expect(sent).rejects.toBeInstanceOf(Error)
      await expect(tx.commit()).rejects.toMatchObject({ isAbortable: true, isFatal: false, retriable: false })
      expect(tx.failure!.cause).toBeInstanceOf(BrokerError)
      await expect(producer.beginTransaction()).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_STATE' })
      await tx.abort()
      refusing.dispose()
      await hundred(100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(200))
    })

    test.each([
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'INVALID_TXN_STATE',
      'TOPIC_AUTHORIZATION_FAILED',
      'INVALID_PRODUCER_EPOCH',
    ] as const)('the transaction has to be aborted after %s of a batch, and another can be run', async (name) => {
      let count = 0
      const failing = broker.control(produceApi, ({ request }) =>
        count++ === 0 ? answerAll(request, { errorCode: ERROR[name] }) : undefined,
      )
      const sending = producer.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: 'x' }))
      await expect(sending).rejects.toMatchObject({ errorName: name })
      failing.dispose()
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test.each([
      'CLUSTER_AUTHORIZATION_FAILED',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'INVALID_PRODUCER_ID_MAPPING',
    ] as const)('the producer is of no more use after %s of a batch', async (name) => {
      broker.control(produceApi, ({ request }) => answerAll(request, { errorCode: ERROR[name] }))
      const tx = await producer.beginTransaction()
      await expect(tx.send({ topic: 'one', partition: 0, value: 'x' })).rejects.toMatchObject({ errorName: name })
      const fatal = { code: 'KAFKA_TRANSACTION_FATAL', isFatal: true }
      await expect(tx.commit()).rejects.toMatchObject(fatal)
      await expect(tx.abort()).rejects.toMatchObject(fatal)
      await expect(producer.beginTransaction()).rejects.toMatchObject(fatal)
    })

    test('records that are not delivered in time, and whose fate nobody knows', async () => {
      await producer.close()
      producer = transactionalProducer(broker, { deliveryTimeoutMs: 300, batchSizeBytes: 110, lingerMs: 0 }, 100)
      await hundred(0)
      let isSilent = true
      broker.control(produceApi, async (call) => {
        if (!isSilent) return undefined
        await call.serve()
        return 'drop'
      })
      const tx = await producer.beginTransaction()
      const sent = tx.sendMany(numbered('one', 0, 20, 1000))
      await expect(sent).rejects.toBeInstanceOf(Error)
      isSilent = false
      await expect(tx.commit()).rejects.toMatchObject({ isAbortable: true, retriable: true })
      await tx.abort()
      await hundred(100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(200))
    })

    test('a record that finds no metadata in time makes the transaction fail', async () => {
      await producer.close()
      producer = transactionalProducer(broker, { maxBlockMs: 300 })
      const tx = await producer.beginTransaction()
      await expect(tx.send({ topic: 'none', value: 'x' })).rejects.toBeInstanceOf(Error)
      await expect(tx.commit()).rejects.toMatchObject({ isAbortable: true })
      await tx.abort()
    })
  })

  describe('the coordinator', () => {
    test('moves and loads, and its broker dies', async () => {
      const passing: ErrorName[] = [
        'NOT_COORDINATOR',
        'COORDINATOR_NOT_AVAILABLE',
        'COORDINATOR_LOAD_IN_PROGRESS',
        'CONCURRENT_TRANSACTIONS',
      ]
      const counts = new Map<number, number>()
      for (const api of [initProducerIdApi, addPartitionsToTxnApi, addOffsetsToTxnApi, endTxnApi]) {
        broker.control<object, object>(api as never, ({ apiKey }) => {
          const n = counts.get(apiKey) ?? 0
          counts.set(apiKey, n + 1)
          return n % 5 < passing.length ? failWith(passing[n % 5]!) : undefined
        })
      }
      await producer.transaction(async (tx) => {
        await tx.sendMany(numbered('one', 0, 10))
        await tx.sendOffsets(OFFSETS)
      })
      expect(await committedValues(broker, 'one')).toEqual(numbers(10))
      expect(broker.committed('group')).toMatchObject([{ topic: 'one', partition: 0, offset: 5 }])
    })

    test('goes down with its broker between and within transactions', async () => {
      const tx = await producer.beginTransaction()
      await tx.sendMany(numbered('one', 0, 10))
      const node = broker.coordinator('tx')!
      await node.stop()
      await tx.sendMany(numbered('one', 0, 10, 10))
      await tx.commit()
      await node.start()
      await producer.transaction((next) => next.sendMany(numbered('one', 0, 10, 20)))
      expect(await committedValues(broker, 'one')).toEqual(numbers(30))
    })

    test('cannot be looked up for a while', async () => {
      let count = 0
      broker.control(findCoordinatorApi, () => (count++ < 4 ? failWith('COORDINATOR_NOT_AVAILABLE') : undefined))
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test('refuses the transactional id: nothing begins, and it can be tried again', async () => {
      broker.control(initProducerIdApi, () => failWith('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'), { once: true })
      await expect(producer.beginTransaction()).rejects.toMatchObject({ isFatal: false, retriable: false })
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test('does not answer in time: beginning rejects, and can be tried again', async () => {
      const silent = broker.control(initProducerIdApi, () => failWith('COORDINATOR_LOAD_IN_PROGRESS'))
      await expect(producer.beginTransaction({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
      silent.dispose()
      await hundred(0)
    })

    test.each([
      'INVALID_TXN_STATE',
      'INVALID_PRODUCER_ID_MAPPING',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'UNKNOWN_SERVER_ERROR',
    ] as const)('%s in answer to EndTxn is fatal', async (name) => {
      broker.control(endTxnApi, () => failWith(name), { once: true })
      const error = await hundred(0).catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: 'KAFKA_TRANSACTION_FATAL', isFatal: true, cause: { errorName: name } })
      await expect(producer.beginTransaction()).rejects.toBe(error)
    })

    test('TRANSACTION_ABORTABLE in answer to a commit: it is aborted, and another can be run', async () => {
      broker.control(endTxnApi, () => failWith('TRANSACTION_ABORTABLE'), { once: true })
      await expect(hundred(1000)).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE', retriable: true })
      await hundred(0)
      expect(await committedValues(broker, 'one')).toEqual(numbers(100))
    })

    test('TRANSACTION_ABORTABLE in answer to an abort is fatal', async () => {
      broker.control(endTxnApi, () => failWith('TRANSACTION_ABORTABLE'), { once: true })
      const tx = await producer.beginTransaction()
      await tx.send({ topic: 'one', value: 'x' })
      await expect(tx.abort()).rejects.toMatchObject({ isFatal: true })
    })

    test('a commit that was carried out though its answer got lost is not carried out twice', async () => {
      let count = 0
      broker.control(endTxnApi, async (call) => {
        if (count++ % 2 === 1) return undefined
        await call.serve()
        return 'drop'
      })
      for (let i = 0; i < 3; i++) await hundred(i * 100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(300))
    })

    test('a commit that is not over in time goes on, and the next transaction waits for it', async () => {
      const holding = broker.control(endTxnApi, () => failWith('CONCURRENT_TRANSACTIONS'))
      const tx = await producer.beginTransaction()
      await tx.sendMany(numbered('one', 0, 10))
      await expect(tx.commit({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
      await expect(producer.beginTransaction({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
      holding.dispose()
      await tx.commit()
      await producer.transaction((next) => next.sendMany(numbered('one', 0, 10, 10)))
      expect(await committedValues(broker, 'one')).toEqual(numbers(20))
    })

    test('a commit of the callback form that is not over in time, and fails then, is aborted before the next', async () => {
      const holding = broker.control(endTxnApi, () => failWith('CONCURRENT_TRANSACTIONS'))
      const sending = producer.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: 'x' }), {
        timeoutMs: 50,
      })
      await expect(sending).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
      broker.control(endTxnApi, () => failWith('TRANSACTION_ABORTABLE'), { once: true })
      holding.dispose()
      await producer.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: '0' }))
      expect(await committedValues(broker, 'one')).toEqual(['0'])
    })

    test('a storm of CONCURRENT_TRANSACTIONS is weathered', async () => {
      for (const api of [initProducerIdApi, addPartitionsToTxnApi, endTxnApi]) {
        let count = 0
        broker.control<object, object>(api as never, () =>
          count++ % 20 < 19 ? failWith('CONCURRENT_TRANSACTIONS') : undefined,
        )
      }
      for (let i = 0; i < 2; i++) await hundred(i * 100)
      expect(await committedValues(broker, 'one')).toEqual(numbers(200))
    })
  })

  describe('offsets', () => {
    test.each([
      'NOT_COORDINATOR',
      'COORDINATOR_LOAD_IN_PROGRESS',
      'REQUEST_TIMED_OUT',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ] as const)('are committed after %s', async (name) => {
      broker.control(txnOffsetCommitApi, () => failWith(name), { once: true })
      await producer.transaction((tx) => tx.sendOffsets(OFFSETS))
      expect(broker.committed('group')).toMatchObject([{ offset: 5 }])
    })

    test.each([
      'ILLEGAL_GENERATION',
      'UNKNOWN_MEMBER_ID',
      'FENCED_INSTANCE_ID',
      'GROUP_AUTHORIZATION_FAILED',
      'STALE_MEMBER_EPOCH',
      'GROUP_ID_NOT_FOUND',
      'TRANSACTION_ABORTABLE',
    ] as const)('that are refused with %s make the transaction fail', async (name) => {
      broker.control(txnOffsetCommitApi, () => failWith(name), { once: true })
      const sending = producer.transaction(async (tx) => {
        await tx.send({ topic: 'one', partition: 0, value: 'x' })
        await tx.sendOffsets(OFFSETS)
      })
      await expect(sending).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE', cause: { errorName: name } })
      expect(broker.committed('group')).toEqual([])
      await producer.transaction((tx) => tx.sendOffsets(OFFSETS))
      expect(broker.committed('group')).toMatchObject([{ offset: 5 }])
      expect(await committedValues(broker, 'one')).toEqual([])
    })

    test.each(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'] as const)(
      'that are refused with %s fence the producer',
      async (name) => {
        broker.control(txnOffsetCommitApi, () => failWith(name), { once: true })
        const sending = producer.transaction((tx) => tx.sendOffsets(OFFSETS))
        await expect(sending).rejects.toMatchObject({ code: 'KAFKA_PRODUCER_FENCED', isFatal: true })
      },
    )

    test.each([
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      'INVALID_TXN_STATE',
    ] as const)('that are refused with %s are fatal', async (name) => {
      broker.control(txnOffsetCommitApi, () => failWith(name), { once: true })
      const sending = producer.transaction((tx) => tx.sendOffsets(OFFSETS))
      await expect(sending).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_FATAL', isFatal: true })
    })

    test('take effect with the transaction, and not when it is aborted', async () => {
      const tx = await producer.beginTransaction()
      await tx.sendOffsets(OFFSETS)
      expect(broker.committed('group')).toEqual([])
      await tx.abort()
      expect(broker.committed('group')).toEqual([])
      await producer.transaction((next) => next.sendOffsets(OFFSETS))
      expect(broker.committed('group')).toMatchObject([{ offset: 5 }])
    })

    test('that are not committed in time make the transaction fail', async () => {
      const holding = broker.control(txnOffsetCommitApi, () => failWith('COORDINATOR_LOAD_IN_PROGRESS'))
      const tx = await producer.beginTransaction()
      await expect(tx.sendOffsets(OFFSETS, { timeoutMs: 50 })).rejects.toMatchObject({
        isAbortable: true,
        retriable: true,
      })
      await expect(tx.commit()).rejects.toBeInstanceOf(TransactionError)
      await tx.abort()
      holding.dispose()
      expect(broker.committed('group')).toEqual([])
    })
  })
})

describe('version 1 adds partitions', () => {
  beforeEach(() => start(1, 150))

  test.each(['INVALID_TXN_STATE', 'INVALID_PRODUCER_ID_MAPPING', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'] as const)(
    '%s is fatal',
    async (name) => {
      broker.control(addPartitionsToTxnApi, () => failWith(name), { once: true })
      await expect(hundred(0)).rejects.toMatchObject({ isFatal: true })
    },
  )

  test.each(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'] as const)('%s fences', async (name) => {
    broker.control(addPartitionsToTxnApi, () => failWith(name), { once: true })
    await expect(hundred(0)).rejects.toMatchObject({ code: 'KAFKA_PRODUCER_FENCED' })
  })

  test.each([
    'TOPIC_AUTHORIZATION_FAILED',
    'UNKNOWN_PRODUCER_ID',
    'TRANSACTION_ABORTABLE',
    'UNKNOWN_SERVER_ERROR',
  ] as const)('%s makes the transaction fail, and the next begins under a new epoch', async (name) => {
    broker.control(addPartitionsToTxnApi, () => failWith(name), { once: true })
    const tx = await producer.beginTransaction()
    const sent = tx.send({ topic: 'one', partition: 0, value: 'x' })
    await expect(sent).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE' })
    await expect(tx.commit()).rejects.toMatchObject({ isAbortable: true })
    await tx.abort()
    expect(broker.requests.count(endTxnApi)).toBe(0)
    await hundred(0)
    expect(transactionalRequests(broker).filter((name) => name.startsWith('InitProducerId'))).toHaveLength(2)
    expect(await committedValues(broker, 'one')).toEqual(numbers(100))
  })

  test('an abort waits for the answer before it ends the transaction', async () => {
    let release!: () => void
    const released = new Promise<void>((resolve) => (release = resolve))
    const arrived = new Promise<void>((resolve) => {
      broker.control(
        addPartitionsToTxnApi,
        async () => {
          resolve()
          await released
          return undefined
        },
        { once: true },
      )
    })
    const tx = await producer.beginTransaction()
    void tx.send({ topic: 'one', partition: 0, value: 'x' })
    await arrived
    const aborted = tx.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect(broker.requests.count(endTxnApi)).toBe(0)
    release()
    await aborted
    expect(transactionalRequests(broker)).toEqual(['InitProducerId 5', 'AddPartitionsToTxn 3', 'EndTxn 4'])
    expect(broker.transaction('tx')).toMatchObject({ state: 'aborted' })
  })

  test('whose answer got lost: the next transaction begins under a new epoch', async () => {
    let count = 0
    broker.control(addPartitionsToTxnApi, async (call) => {
      if (count++ > 0) return undefined
      await call.serve()
      return 'drop'
    })
    await hundred(0)
    await hundred(100)
    const epochs = broker.requests.of(endTxnApi).map(({ request }) => request.producerEpoch)
    expect(epochs).toEqual([0, 1])
    expect(await committedValues(broker, 'one')).toEqual(numbers(200))
  })

  test('and is aborted without knowing whether it has: the coordinator is asked, and the epoch is raised', async () => {
    let isLost = true
    broker.control(addPartitionsToTxnApi, () => (isLost ? 'drop' : undefined))
    const tx = await producer.beginTransaction()
    void tx.send({ topic: 'one', partition: 0, value: 'x' })
    while (broker.requests.count(addPartitionsToTxnApi) < 2) await new Promise((resolve) => setImmediate(resolve))
    await tx.abort()
    isLost = false
    expect(broker.requests.count(endTxnApi)).toBeGreaterThan(0)
    await hundred(0)
    expect(broker.requests.of(initProducerIdApi)).toHaveLength(2)
    expect(broker.requests.of(initProducerIdApi)[1]!.request).toMatchObject({ producerEpoch: 0 })
    expect(await committedValues(broker, 'one')).toEqual(numbers(100))
  })

  test.each([
    ['was carried out', true],
    ['was not', false],
  ] as const)('a commit that timed out and %s: a late one can meet no other transaction', async (_, isServed) => {
    let count = 0
    broker.control(endTxnApi, async (call) => {
      if (count++ > 0) return undefined
      if (isServed) await call.serve()
      return 'ignore'
    })
    await hundred(0)
    // The late request, as if the network had kept it.
    const late = broker.requests.of(endTxnApi)[0]!.request
    const tx = await producer.beginTransaction()
    await tx.sendMany(numbered('one', 0, 10, 100))
    expect(broker.transaction('tx')!.producerEpoch).toBe(late.producerEpoch + 1)
    await tx.commit()
    expect(await committedValues(broker, 'one')).toEqual(numbers(110))
  })

  test('the pause after CONCURRENT_TRANSACTIONS is short for the first partitions of a transaction', async () => {
    await producer.close()
    const { Kafka } = await import('../../src/kafka.ts')
    const kafka = new Kafka({
      bootstrapServers: broker.bootstrapServers,
      retryBackoffMs: 60_000,
      retryBackoffMaxMs: 60_000,
    })
    producer = kafka.producer({ transactionalId: 'patient' })
    broker.control(addPartitionsToTxnApi, () => failWith('CONCURRENT_TRANSACTIONS'), { once: true })
    await hundred(0)
    expect(await committedValues(broker, 'one')).toEqual(numbers(100))
  })
})
