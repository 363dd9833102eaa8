import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, ProducerFencedError, TransactionError } from '../../src/errors.ts'
import type { Producer } from '../../src/producer/producer.ts'
import type { Transaction } from '../../src/producer/transaction.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { initProducerIdApi } from '../../src/protocol/messages/22-init-producer-id.ts'
import { addPartitionsToTxnApi } from '../../src/protocol/messages/24-add-partitions-to-txn.ts'
import { endTxnApi } from '../../src/protocol/messages/26-end-txn.ts'
import { txnOffsetCommitApi } from '../../src/protocol/messages/28-txn-offset-commit.ts'
import { failWith, TestBroker } from '../../src/testing/index.ts'
import { batchesOf, numbered, numbers, storedValues } from './fixture.ts'
import { committedValues, impatientKafka, transactionalProducer, transactionalRequests } from './transaction-fixture.ts'

const versions = [2, 1] as const

describe.each(versions)('transactions of version %i', (transactionVersion) => {
  let broker: TestBroker
  let producer: Producer

  beforeEach(async () => {
    broker = await TestBroker.start({ nodes: 3, topics: { one: 3 }, autoCreateTopics: false, transactionVersion })
    producer = transactionalProducer(broker)
  })

  afterEach(async () => {
    await producer.close()
    await broker.close()
  })

  test('what a function sends is committed when it returns', async () => {
    const result = await producer.transaction(async (tx) => {
      const { offset } = await tx.send({ topic: 'one', partition: 0, value: '0' })
      await tx.sendMany(numbered('one', 0, 2, 1))
      return offset
    })
    expect(result).toBe(0)
    expect(await committedValues(broker, 'one')).toEqual(numbers(3))
    expect(broker.transaction('tx')).toMatchObject({ state: 'committed' })
  })

  test('what a function sends is aborted when it throws, and the error comes through', async () => {
    const error = new Error('mine')
    await expect(
      producer.transaction(async (tx) => {
        await tx.send({ topic: 'one', partition: 0, value: 'aborted' })
        throw error
      }),
    ).rejects.toBe(error)
    expect(await storedValues(broker, 'one', 0)).toContain('aborted')
    expect(await committedValues(broker, 'one')).toEqual([])
    expect(broker.partition('one', 0)).toMatchObject({ lastStableOffset: 2, endOffset: 2 })
  })

  test('one transaction after the other is committed or aborted, on several partitions', async () => {
    for (let i = 0; i < 6; i++) {
      const tx = await producer.beginTransaction()
      for (let partition = 0; partition < 3; partition++) {
        await tx.sendMany(numbered('one', partition, 5, i * 5))
      }
      if (i % 3 === 1) await tx.abort()
      else await tx.commit()
    }
    const expected = numbers(30).filter((value) => Math.floor(Number(value) / 5) % 3 !== 1)
    for (let partition = 0; partition < 3; partition++) {
      expect(await committedValues(broker, 'one', partition)).toEqual(expected)
    }
  })

  test('commit waits for what nobody awaited', async () => {
    const tx = await producer.beginTransaction()
    void tx.send({ topic: 'one', partition: 0, value: '0' })
    void tx.sendMany(numbered('one', 0, 9, 1))
    for (let i = 10; i < 20; i++) tx.enqueue({ topic: 'one', partition: 0, value: `${i}` })
    await tx.commit()
    expect(await committedValues(broker, 'one')).toEqual(numbers(20))
  })

  test('abort drops what was not sent and tells those who wait for it', async () => {
    producer = transactionalProducer(broker, { transactionalId: 'lingering', lingerMs: 100_000 })
    const tx = await producer.beginTransaction()
    const sent = tx.send({ topic: 'one', partition: 0, value: '0' })
    const unknown = tx.send({ topic: 'none', value: '0' })
    await tx.abort()
    await expect(sent).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTED' })
    await expect(unknown).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTED' })
    expect(await storedValues(broker, 'one', 0)).toEqual([])
  })

  test('a transaction without records costs no request', async () => {
    await producer.transaction(() => undefined)
    const tx = await producer.beginTransaction()
    await tx.abort()
    expect(broker.requests.count(initProducerIdApi)).toBe(1)
    expect(broker.requests.count(endTxnApi)).toBe(0)
  })

  test('another producer with the same id fences the first, whose transaction is aborted', async () => {
    const tx = await producer.beginTransaction()
    await tx.send({ topic: 'one', partition: 0, value: 'zombie' })
    const other = transactionalProducer(broker)
    await other.transaction((theirs) => theirs.send({ topic: 'one', partition: 0, value: 'other' }))
    void tx.send({ topic: 'one', partition: 0, value: 'zombie' })
    const failure = tx.commit()
    await expect(failure).rejects.toBeInstanceOf(TransactionError)
    // The broker that leads the partition says only that the epoch is old; the coordinator tells that this is for good.
    const aborted = tx.abort()
    await expect(aborted).rejects.toBeInstanceOf(ProducerFencedError)
    await expect(aborted).rejects.toMatchObject({ code: 'KAFKA_PRODUCER_FENCED', isFatal: true, transactionalId: 'tx' })
    await expect(producer.beginTransaction()).rejects.toBeInstanceOf(ProducerFencedError)
    expect(await committedValues(broker, 'one')).toEqual(['other'])
    await other.close()
  })

  test('a fenced commit is told apart: nothing of it is read', async () => {
    const tx = await producer.beginTransaction()
    await tx.send({ topic: 'one', partition: 0, value: 'zombie' })
    const other = transactionalProducer(broker)
    await other.initTransactions()
    await expect(tx.commit()).rejects.toMatchObject({ code: 'KAFKA_PRODUCER_FENCED' })
    expect(await committedValues(broker, 'one')).toEqual([])
    await other.close()
  })

  test('initTransactions fences before there is anything to write, and is done once', async () => {
    const other = transactionalProducer(broker)
    await other.initTransactions()
    await producer.initTransactions()
    await producer.initTransactions()
    await producer.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: '0' }))
    expect(broker.requests.count(initProducerIdApi)).toBe(2)
    await expect(other.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: 'x' }))).rejects.toMatchObject({
      code: 'KAFKA_PRODUCER_FENCED',
    })
    await other.close()
  })

  test('close aborts an open transaction, and delivers nothing of it', async () => {
    const tx = await producer.beginTransaction()
    await tx.send({ topic: 'one', partition: 0, value: 'left open' })
    await producer.close()
    expect(broker.transaction('tx')).toMatchObject({ state: 'aborted' })
    expect(await committedValues(broker, 'one')).toEqual([])
    await expect(tx.send({ topic: 'one', value: 'late' })).rejects.toBeInstanceOf(Error)
  })

  test('close waits for a commit that is under way', async () => {
    const tx = await producer.beginTransaction()
    for (let i = 0; i < 10; i++) tx.enqueue({ topic: 'one', partition: 0, value: `${i}` })
    const committed = tx.commit()
    await producer.close()
    await committed
    expect(await committedValues(broker, 'one')).toEqual(numbers(10))
  })

  test('a signal aborts the transaction of a function that goes on', async () => {
    const aborting = new AbortController()
    const reason = new Error('enough')
    let late: Promise<unknown> | undefined
    const running = producer.transaction(
      async (tx) => {
        await tx.send({ topic: 'one', partition: 0, value: '0' })
        aborting.abort(reason)
        await new Promise((resolve) => setImmediate(resolve))
        late = tx.send({ topic: 'one', partition: 0, value: 'late' })
        await late
      },
      { signal: aborting.signal },
    )
    await expect(running).rejects.toBe(reason)
    await expect(late).rejects.toBeInstanceOf(Error)
    expect(await committedValues(broker, 'one')).toEqual([])
  })

  test('a consumer of read_committed sees nothing of a transaction before it is committed', async () => {
    const tx = await producer.beginTransaction()
    await tx.send({ topic: 'one', partition: 0, value: '0' })
    expect(await committedValues(broker, 'one')).toEqual([])
    expect(broker.partition('one', 0)).toMatchObject({ lastStableOffset: 0, endOffset: 1 })
    await tx.commit()
    expect(await committedValues(broker, 'one')).toEqual(['0'])
  })

  test('the coordinator aborts a transaction that takes too long, and the producer is told', async () => {
    const slow = transactionalProducer(broker, { transactionalId: 'slow', transactionTimeoutMs: 100 })
    const tx = await slow.beginTransaction()
    await tx.send({ topic: 'one', partition: 0, value: 'slow' })
    while (broker.transaction('slow')!.state === 'ongoing') await new Promise((resolve) => setTimeout(resolve, 10))
    await expect(tx.commit()).rejects.toMatchObject({ isFatal: true })
    expect(await committedValues(broker, 'one')).toEqual([])
    await slow.close()
  })
})

describe('the requests of a transaction', () => {
  test('of version 1: partitions are added before anything is written to them', async () => {
    await using broker = await TestBroker.start({ topics: { one: 2 }, transactionVersion: 1 })
    await using producer = transactionalProducer(broker)
    for (let i = 0; i < 2; i++) {
      await producer.transaction((tx) => tx.sendMany([...numbered('one', 0, 1), ...numbered('one', 1, 1)]))
    }
    expect(transactionalRequests(broker)).toEqual([
      'InitProducerId 5',
      'AddPartitionsToTxn 3',
      'Produce 11',
      'EndTxn 4',
      'AddPartitionsToTxn 3',
      'Produce 11',
      'EndTxn 4',
    ])
    const [first, second] = broker.requests.of(endTxnApi)
    expect(second!.request.producerEpoch).toBe(first!.request.producerEpoch)
    const names = broker.requests.of(produceApi).map(({ request }) => request.transactionalId)
    expect(new Set(names)).toEqual(new Set(['tx']))
  })

  test('of version 2: none to add partitions, and each end raises the epoch', async () => {
    await using broker = await TestBroker.start({ topics: { one: 2 }, transactionVersion: 2 })
    await using producer = transactionalProducer(broker)
    for (let i = 0; i < 2; i++) {
      await producer.transaction((tx) => tx.sendMany([...numbered('one', 0, 1), ...numbered('one', 1, 1)]))
    }
    expect(transactionalRequests(broker)).toEqual([
      'InitProducerId 5',
      'Produce 13',
      'EndTxn 5',
      'Produce 13',
      'EndTxn 5',
    ])
    const [first, second] = broker.requests.of(endTxnApi)
    expect(second!.request.producerEpoch).toBe(first!.request.producerEpoch + 1)
  })

  test('version 2 is taken up between two transactions, under a new epoch, once a connection has told of it', async () => {
    await using broker = await TestBroker.start({ topics: { one: 1 }, transactionVersion: 1 })
    await using producer = transactionalProducer(broker)
    const send = () => producer.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: 'x' }))
    await send()
    broker.setFeature('transaction.version', 2)
    // Within this one: the connection is lost, and the next tells of the change.
    broker.control(produceApi, () => 'drop', { once: true })
    await send()
    await send()
    expect(transactionalRequests(broker)).toEqual([
      'InitProducerId 5',
      'AddPartitionsToTxn 3',
      'Produce 11',
      'EndTxn 4',
      'AddPartitionsToTxn 3',
      'Produce 11',
      'Produce 11',
      'EndTxn 4',
      'InitProducerId 5',
      'Produce 13',
      'EndTxn 5',
    ])
    const raised = broker.requests.of(initProducerIdApi)[1]!.request
    expect(raised).toMatchObject({ producerId: broker.requests.of(endTxnApi)[0]!.request.producerId, producerEpoch: 0 })
    expect(await committedValues(broker, 'one')).toEqual(['x', 'x', 'x'])
  })

  test('version 1 is gone back to', async () => {
    await using broker = await TestBroker.start({ topics: { one: 1 }, transactionVersion: 2 })
    await using producer = transactionalProducer(broker)
    const send = () => producer.transaction((tx) => tx.send({ topic: 'one', partition: 0, value: 'x' }))
    await send()
    broker.setFeature('transaction.version', 1)
    broker.control(produceApi, () => 'drop', { once: true })
    await send()
    await send()
    expect(transactionalRequests(broker).slice(-3)).toEqual(['AddPartitionsToTxn 3', 'Produce 11', 'EndTxn 4'])
    expect(await committedValues(broker, 'one')).toEqual(['x', 'x', 'x'])
  })

  test('of version 2: the id that an end brings when the epochs of the last are used up is gone on with, from 0', async () => {
    await using broker = await TestBroker.start({ topics: { one: 1 } })
    await using producer = transactionalProducer(broker)
    broker.control(endTxnApi, async (call) => ({ ...(await call.serve()), producerId: 4711n, producerEpoch: 0 }), {
      once: true,
    })
    await producer.transaction((tx) => tx.sendMany(numbered('one', 0, 5)))
    const sent = new Promise((resolve) => {
      broker.control(produceApi, ({ request }) => {
        resolve(batchesOf(request)[0])
        return undefined
      })
    })
    const tx = await producer.beginTransaction()
    void tx.send({ topic: 'one', partition: 0, value: 'x' })
    expect(await sent).toMatchObject({ producerId: 4711n, producerEpoch: 0, baseSequence: 0 })
    // TestBroker knows nothing of that id.
    await expect(tx.commit()).rejects.toMatchObject({ isFatal: true })
  })

  test('an old broker has transactions too', async () => {
    const apiVersions = {
      Produce: { min: 3, max: 7 },
      InitProducerId: { min: 0, max: 1 },
      AddPartitionsToTxn: { min: 0, max: 1 },
      AddOffsetsToTxn: { min: 0, max: 1 },
      EndTxn: { min: 0, max: 1 },
      TxnOffsetCommit: { min: 0, max: 2 },
    }
    await using broker = await TestBroker.start({ topics: { one: 1 }, transactionVersion: 0, apiVersions })
    await using producer = transactionalProducer(broker)
    await producer.transaction((tx) => tx.sendMany(numbered('one', 0, 5)))
    const aborted = await producer.beginTransaction()
    await aborted.send({ topic: 'one', partition: 0, value: 'aborted' })
    await aborted.abort()
    await producer.transaction((tx) => tx.sendMany(numbered('one', 0, 5, 5)))
    expect(await committedValues(broker, 'one')).toEqual(numbers(10))
    expect(broker.requests.count(addPartitionsToTxnApi)).toBe(3)
  })
})

describe('misuse of a transaction is told by a TransactionError that changes nothing', () => {
  let broker: TestBroker
  let producer: Producer

  beforeEach(async () => {
    broker = await TestBroker.start({ topics: { one: 1 } })
    producer = transactionalProducer(broker)
  })

  afterEach(async () => {
    await producer.close()
    await broker.close()
  })

  const record = { topic: 'one', partition: 0, value: 'x' }
  const misuse = { name: 'TransactionError', code: 'KAFKA_TRANSACTION_STATE', isAbortable: false, isFatal: false }

  const calls: [string, (tx: Transaction) => unknown][] = [
    ['send', (tx) => tx.send(record)],
    ['sendMany', (tx) => tx.sendMany([record])],
    ['enqueue', async (tx) => tx.enqueue(record)],
    ['sendOffsets', (tx) => tx.sendOffsets({ groupMetadata: NOBODY, offsets: [] })],
  ]

  test.each(calls)('%s after commit', async (_, call) => {
    const tx = await producer.beginTransaction()
    await tx.commit()
    await expect(call(tx)).rejects.toMatchObject(misuse)
    await expect(call(tx)).rejects.toThrow('was committed')
  })

  test.each(calls)('%s after abort', async (_, call) => {
    const tx = await producer.beginTransaction()
    await tx.abort()
    await expect(call(tx)).rejects.toMatchObject(misuse)
    await expect(call(tx)).rejects.toThrow('was aborted')
  })

  test.each(calls)('%s while it is being committed', async (_, call) => {
    const tx = await producer.beginTransaction()
    tx.enqueue(record)
    const committed = tx.commit()
    await expect(call(tx)).rejects.toMatchObject(misuse)
    await committed
    expect(await committedValues(broker, 'one')).toEqual(['x'])
  })

  test('a second transaction while one is open', async () => {
    const tx = await producer.beginTransaction()
    await expect(producer.beginTransaction()).rejects.toMatchObject(misuse)
    await expect(producer.transaction(() => undefined)).rejects.toMatchObject(misuse)
    await tx.send(record)
    await tx.commit()
    expect(await committedValues(broker, 'one')).toEqual(['x'])
  })

  test('two that are begun at once: one of them', async () => {
    const [first, second] = await Promise.allSettled([producer.beginTransaction(), producer.beginTransaction()])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: misuse })
  })

  test('commit after abort and abort after commit; each twice is once', async () => {
    const aborted = await producer.beginTransaction()
    await Promise.all([aborted.abort(), aborted.abort()])
    await expect(aborted.commit()).rejects.toMatchObject(misuse)
    const committed = await producer.beginTransaction()
    await committed.send(record)
    await Promise.all([committed.commit(), committed.commit()])
    await expect(committed.abort()).rejects.toMatchObject(misuse)
    expect(await committedValues(broker, 'one')).toEqual(['x'])
  })

  test('sending outside of a transaction with a transactional producer', async () => {
    await expect(producer.send(record)).rejects.toMatchObject(misuse)
    await expect(producer.sendMany([record])).rejects.toMatchObject(misuse)
    expect(() => producer.enqueue(record)).toThrow(TransactionError)
    expect(() => producer.writable()).toThrow('within transactions only')
  })

  test('transactions of a producer without a transactional id', async () => {
    await using plain = impatientKafka(broker).producer()
    await expect(plain.beginTransaction()).rejects.toBeInstanceOf(ConfigError)
    await expect(plain.initTransactions()).rejects.toThrow('transactionalId')
    await expect(plain.transaction(() => undefined)).rejects.toBeInstanceOf(ConfigError)
  })

  test('options that contradict each other', () => {
    const kafka = impatientKafka(broker)
    expect(() => kafka.producer({ transactionalId: 'a', idempotence: false })).toThrow(ConfigError)
    expect(() => kafka.producer({ transactionalId: 'a', acks: 1 })).toThrow(ConfigError)
    expect(() => kafka.producer({ transactionalId: '' })).toThrow(ConfigError)
    expect(() => kafka.producer({ transactionTimeoutMs: 0 })).toThrow(ConfigError)
  })

  test('beginning after close', async () => {
    await producer.close()
    await expect(producer.beginTransaction()).rejects.toMatchObject({ code: 'KAFKA_CLOSED' })
  })

  test('offsets that are none', async () => {
    const tx = await producer.beginTransaction()
    const wrong: unknown[] = [undefined, {}, { groupMetadata: NOBODY }, { groupMetadata: {}, offsets: [] }]
    for (const offsets of wrong) await expect(tx.sendOffsets(offsets as never)).rejects.toBeInstanceOf(ConfigError)
    const offsets = [{ topic: 'one', partition: 0, offset: -1 }]
    await expect(tx.sendOffsets({ groupMetadata: NOBODY, offsets })).rejects.toBeInstanceOf(ConfigError)
    await tx.commit()
  })

  test('a record that cannot be sent as it is leaves the transaction as it was', async () => {
    const tx = await producer.beginTransaction()
    await expect(tx.send({ topic: '', value: 'x' })).rejects.toBeInstanceOf(ConfigError)
    await expect(tx.send({ topic: 'one', value: 5 as never })).rejects.toBeInstanceOf(Error)
    expect(() => tx.enqueue({ topic: '', value: 'x' })).toThrow(ConfigError)
    await tx.send(record)
    await tx.commit()
    expect(await committedValues(broker, 'one')).toEqual(['x'])
  })

  test('a record that is refused after commit was called keeps the transaction from being committed', async () => {
    const failing = { serialize: () => Promise.reject(new Error('cannot be serialised')) }
    await using picky = impatientKafka(broker).producer({ transactionalId: 'picky', value: failing })
    const first = await picky.beginTransaction()
    void first.send({ topic: 'one', partition: 0, value: 'x' })
    await expect(first.commit()).rejects.toMatchObject({ isAbortable: true })
    await first.abort()
    const second = await picky.beginTransaction()
    void second.send({ topic: '', value: 'x' })
    await expect(second.commit()).rejects.toMatchObject({ isAbortable: true })
    await second.abort()
  })

  test('offsets that are refused after commit was called keep the transaction from being committed', async () => {
    broker.control(txnOffsetCommitApi, () => failWith('ILLEGAL_GENERATION'), { once: true })
    const tx = await producer.beginTransaction()
    await tx.send(record)
    const offsets = [{ topic: 'one', partition: 0, offset: 1 }]
    const sending = tx.sendOffsets({ groupMetadata: NOBODY, offsets })
    const committing = tx.commit()
    await expect(sending).rejects.toMatchObject({ isAbortable: true })
    await expect(committing).rejects.toMatchObject({ isAbortable: true })
    await tx.abort()
    expect(await committedValues(broker, 'one')).toEqual([])
  })

  test('an enqueued record whose serialiser fails later on keeps the transaction from being committed', async () => {
    const failing = { serialize: () => Promise.reject(new Error('cannot be serialised')) }
    await using picky = impatientKafka(broker).producer({ transactionalId: 'picky', value: failing })
    const tx = await picky.beginTransaction()
    tx.enqueue({ topic: 'one', partition: 0, value: 'x' })
    await expect(tx.commit()).rejects.toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE', isAbortable: true })
    await tx.abort()
    await picky.transaction(() => undefined)
  })
})

const NOBODY = { groupId: 'group', generationId: -1, memberId: '', groupInstanceId: null }
