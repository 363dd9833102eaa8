import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Consumer } from '../src/consumer/consumer.ts'
import { ConfigError, ProducerFencedError } from '../src/errors.ts'
import { exactlyOnce, type ExactlyOnceOptions } from '../src/exactly-once.ts'
import type { Producer } from '../src/producer/producer.ts'
import { produceApi } from '../src/protocol/messages/00-produce.ts'
import { heartbeatApi } from '../src/protocol/messages/12-heartbeat.ts'
import { endTxnApi } from '../src/protocol/messages/26-end-txn.ts'
import { txnOffsetCommitApi } from '../src/protocol/messages/28-txn-offset-commit.ts'
import { string } from '../src/serdes.ts'
import { failWith, TestBroker } from '../src/testing/index.ts'
import { numbers } from './producer/fixture.ts'
import { committedValues, impatientKafka } from './producer/transaction-fixture.ts'

/** Resolves when something has come about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

type Options = ExactlyOnceOptions<Uint8Array | null, string | null, Uint8Array | string, Uint8Array | string>

const copy: Options['eachBatch'] = ({ records }, transaction) => {
  for (const { value } of records) transaction.enqueue({ topic: 'output', value })
}

const copySlowly: Options['eachBatch'] = async (batch, transaction) => {
  await copy(batch, transaction)
  await new Promise((resolve) => setTimeout(resolve, 20))
}

const nothing: Options['eachBatch'] = () => undefined

describe.each([2, 1] as const)('exactly once by transactions of version %i', (transactionVersion) => {
  let broker: TestBroker
  const open: { close(): Promise<void> }[] = []

  beforeEach(async () => {
    const topics = { input: 2, output: 1 }
    const groups = { minSessionTimeoutMs: 100 }
    broker = await TestBroker.start({ nodes: 3, topics, autoCreateTopics: false, transactionVersion, ...groups })
    for (let partition = 0; partition < 2; partition++) {
      const values = numbers(100).filter((value) => Number(value) % 2 === partition)
      await broker.append(
        'input',
        partition,
        values.map((value) => ({ value })),
      )
    }
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()))
    await broker.close()
  })

  function copierOf(
    transactionalId: string,
    groupProtocol: 'classic' | 'consumer' = 'classic',
  ): {
    consumer: Consumer<Uint8Array | null, string | null>
    producer: Producer
  } {
    const kafka = impatientKafka(broker)
    const consumer = kafka.consumer({
      groupId: 'group',
      topics: ['input'],
      autoCommit: false,
      autoOffsetReset: 'earliest',
      maxPollRecords: 10,
      groupProtocol,
      // One that was thrown out is waited for so long.
      ...(groupProtocol === 'classic' ? { heartbeatIntervalMs: 20, sessionTimeoutMs: 2000 } : {}),
      value: string,
    })
    const producer = kafka.producer({ transactionalId })
    open.push(consumer, producer)
    return { consumer, producer }
  }

  /** Copies until all of the input has been. */
  async function run(
    { consumer, producer }: ReturnType<typeof copierOf>,
    eachBatch: Options['eachBatch'] = copy,
    onRetry?: Options['onRetry'],
  ): Promise<void> {
    const over = new AbortController()
    const watch = setInterval(() => {
      const sum = broker.committed('group').reduce((total, { offset }) => total + offset, 0)
      if (sum >= 100) over.abort()
    }, 5)
    try {
      await exactlyOnce({ consumer, producer, eachBatch, onRetry, signal: over.signal })
    } catch (error) {
      if (!over.signal.aborted) throw error
    } finally {
      clearInterval(watch)
    }
  }

  async function copied(): Promise<string[]> {
    return committedValues(broker, 'output')
  }

  /** What is wrong with the copy: it has every record once, and those of each partition in order. */
  async function disorder(): Promise<string[]> {
    const values = (await copied()).map(Number)
    const wrong = numbers(100).filter((value) => values.filter((each) => String(each) === value).length !== 1)
    for (const parity of [0, 1]) {
      const ofPartition = values.filter((value) => value % 2 === parity)
      if (ofPartition.some((value, i) => value < (ofPartition[i - 1] ?? -1))) wrong.push(`the order of ${parity}`)
    }
    return wrong
  }

  test('all that is read is written once, and its offsets are committed with it', async () => {
    await run(copierOf('a'))
    expect(await disorder()).toEqual([])
    expect(broker.committed('group').map(({ offset }) => offset)).toEqual([50, 50])
  })

  test.each(['classic', 'consumer'] as const)(
    'two members of a %s group share the work, whoever comes and goes',
    async (groupProtocol) => {
      const first = copierOf('a', groupProtocol)
      const second = copierOf('b', groupProtocol)
      let batches = 0
      const running = run(first, async (batch, transaction) => {
        await copySlowly(batch, transaction)
        batches++
      })
      await until(() => batches >= 2)
      await Promise.all([running, run(second, copySlowly)])
      expect(await disorder()).toEqual([])
    },
  )

  test('what the function throws comes through, and its batch is delivered again by the next call', async () => {
    const copier = copierOf('a')
    const error = new Error('mine')
    let isFirst = true
    const failing = run(copier, (batch, transaction) => {
      void copy(batch, transaction)
      if (!isFirst) throw error
      isFirst = false
    })
    await expect(failing).rejects.toBe(error)
    expect(await copied()).toHaveLength(10)
    await run(copier)
    expect(await disorder()).toEqual([])
  })

  test('a transaction that has to be aborted is run again, from the committed offset', async () => {
    let count = 0
    broker.control(endTxnApi, ({ request }) =>
      request.committed && count++ % 3 === 1 ? failWith('TRANSACTION_ABORTABLE') : undefined,
    )
    const reasons: unknown[] = []
    await run(copierOf('a'), copy, (error) => reasons.push(error))
    expect(await disorder()).toEqual([])
    expect(reasons.length).toBeGreaterThan(1)
    expect(reasons[0]).toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE' })
  })

  test('a commit whose answer got lost is not run again', async () => {
    let count = 0
    broker.control(endTxnApi, async (call) => {
      if (count++ % 2 === 1) return undefined
      await call.serve()
      return 'drop'
    })
    await run(copierOf('a'))
    expect(await disorder()).toEqual([])
  })

  test('records that are not delivered make it run again', async () => {
    let count = 0
    broker.control(produceApi, () => (count++ % 4 === 1 ? failWith('INVALID_PRODUCER_EPOCH') : undefined))
    await run(copierOf('a'))
    expect(await disorder()).toEqual([])
  })

  test('what cannot pass ends it', async () => {
    broker.control(produceApi, () => failWith('TOPIC_AUTHORIZATION_FAILED'))
    await expect(run(copierOf('a'))).rejects.toMatchObject({ isAbortable: true, retriable: false })
    expect(await copied()).toEqual([])
  })

  test('a member that was thrown out of its group writes nothing of what it had in hand', async () => {
    let count = 0
    let isFirst = true
    let isInHand = false
    broker.control(heartbeatApi, () => (isInHand && count++ === 0 ? failWith('UNKNOWN_MEMBER_ID') : undefined))
    await run(copierOf('a'), async (batch, transaction) => {
      void copy(batch, transaction)
      isInHand = true
      // Long enough for the heartbeat to tell it.
      if (isFirst) await until(() => count > 0)
      isFirst = false
    })
    expect(await disorder()).toEqual([])
  })

  test.each(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'] as const)(
    'offsets that come from an older generation abort the transaction: %s',
    async (name) => {
      let count = 0
      broker.control(txnOffsetCommitApi, () => (count++ % 3 === 1 ? failWith(name) : undefined))
      await run(copierOf('a'))
      expect(await disorder()).toEqual([])
    },
  )

  test('a producer that was fenced ends it', async () => {
    const zombie = copierOf('a')
    let batches = 0
    let release!: () => void
    const released = new Promise<void>((resolve) => (release = resolve))
    const running = run(zombie, async (batch, transaction) => {
      void copy(batch, transaction)
      if (++batches === 2) await released
    })
    const failed = running.catch((error: unknown) => error)
    await until(() => batches >= 2)
    const other = impatientKafka(broker).producer({ transactionalId: 'a' })
    open.push(other)
    await other.initTransactions()
    release()
    expect(await failed).toBeInstanceOf(ProducerFencedError)
    await zombie.consumer.close()
    await run(copierOf('b'))
    expect(await disorder()).toEqual([])
  })

  test('a consumer that commits by itself, or has no group, is refused', async () => {
    const kafka = impatientKafka(broker)
    const producer = kafka.producer({ transactionalId: 'a' })
    const committing = kafka.consumer({ groupId: 'group', topics: ['input'], value: string })
    const alone = kafka.consumer({ autoCommit: false, value: string })
    open.push(producer, committing, alone)
    await expect(exactlyOnce({ consumer: committing, producer, eachBatch: nothing })).rejects.toBeInstanceOf(
      ConfigError,
    )
    await expect(exactlyOnce({ consumer: alone, producer, eachBatch: nothing })).rejects.toThrow('groupId')
  })

  test('closing the consumer ends it', async () => {
    const { consumer, producer } = copierOf('a')
    let batches = 0
    const running = exactlyOnce({
      consumer,
      producer,
      eachBatch: (batch, transaction) => {
        void copy(batch, transaction)
        if (++batches === 3) void consumer.close()
      },
    })
    await running
    // The last one is committed or aborted, as time allows.
    expect([20, 30]).toContain((await copied()).length)
    await run(copierOf('b'))
    expect(await disorder()).toEqual([])
  })

  test('offsets of a consumer can be sent by hand, record by record', async () => {
    const { consumer, producer } = copierOf('a')
    let count = 0
    for await (const record of consumer) {
      await producer.transaction(async (tx) => {
        void tx.send({ topic: 'output', value: record.value })
        await tx.sendOffsets(consumer)
      })
      if (++count === 10) break
    }
    await consumer.close()
    const sum = broker.committed('group').reduce((total, { offset }) => total + offset, 0)
    expect(sum).toBe(10)
    await run(copierOf('b'))
    expect(await disorder()).toEqual([])
  })

  test('offsets of a consumer that has lost what it has in hand are not sent', async () => {
    const { consumer, producer } = copierOf('a')
    let isInHand = false
    broker.control(heartbeatApi, () => (isInHand ? failWith('UNKNOWN_MEMBER_ID') : undefined))
    for await (const { value } of consumer) {
      isInHand = true
      await until(() => consumer.groupMetadata().generationId < 0)
      const sending = producer.transaction(async (tx) => {
        void tx.send({ topic: 'output', value })
        await tx.sendOffsets(consumer)
      })
      await expect(sending).rejects.toMatchObject({ isAbortable: true, retriable: true })
      break
    }
    expect(await copied()).toEqual([])
    expect(broker.committed('group')).toEqual([])
  })
})
