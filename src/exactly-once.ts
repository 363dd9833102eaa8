import type { Consumer } from './consumer/consumer.ts'
import type { ConsumerBatch } from './consumer/record.ts'
import type { TopicPartition } from './consumer/topic-partition.ts'
import { ClosedError, ConfigError, KafkaError, TimeoutError, TransactionError } from './errors.ts'
import { backoffMs } from './network/retry.ts'
import { sleep } from './network/wait.ts'
import type { Producer } from './producer/producer.ts'
import type { Transaction } from './producer/transaction.ts'

/** What is read, what becomes of it, and where it goes. */
export interface ExactlyOnceOptions<K, V, OutputKey, OutputValue> {
  /** Subscribed or assigned, with a `groupId` and `autoCommit: false`; with `isolationLevel: 'read_committed'` if its input is transactional. */
  readonly consumer: Consumer<K, V>
  /** With a `transactionalId` of this instance's own. */
  readonly producer: Producer<OutputKey, OutputValue>
  /**
   * Sends what becomes of a batch of one partition, of `maxPollRecords` records at most. May be called again with records that it was given
   * before: nothing of that attempt will be read.
   */
  readonly eachBatch: (
    batch: ConsumerBatch<K, V>,
    transaction: Transaction<OutputKey, OutputValue>,
  ) => void | Promise<void>
  /** Called when a transaction was aborted and its records are going to be read again. It must not throw. */
  readonly onRetry?: ((error: unknown, batch: ConsumerBatch<K, V>) => void) | undefined
  /** Ends it between two transactions, aborting the one under way: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const BACKOFF = { minMs: 50, maxMs: 1000 }

/**
 * Reads, transforms and writes so that every record takes effect once (KIP-98, KIP-447): what comes of a batch and the offset behind
 * it are committed in one transaction. Where a transaction fails for a reason that can pass, or the group has moved on, it is aborted, and the
 * consumer goes back to the committed offset. Resolves when the consumer is closed, which does not wait for the transaction under way.
 *
 * @throws what `eachBatch` throws, after the transaction was aborted, and what a transaction or the consumer cannot go on from. What was not
 * committed is delivered again by the next call.
 */
export async function exactlyOnce<K, V, OutputKey, OutputValue>(
  options: ExactlyOnceOptions<K, V, OutputKey, OutputValue>,
): Promise<void> {
  const { consumer, onRetry, signal } = options
  if (consumer.isAutoCommitting) {
    const what = 'exactlyOnce commits offsets in its transactions'
    throw new ConfigError('autoCommit', `${what}: make the consumer with autoCommit: false`)
  }
  // Throws without a group.
  consumer.groupMetadata()
  await options.producer.initTransactions({ signal })
  let failures = 0
  for await (const batch of consumer.batches({ signal })) {
    try {
      await transform(options, batch)
      failures = 0
    } catch (error) {
      if (!(error instanceof Failure) || signal?.aborted === true) throw error instanceof Failure ? error.reason : error
      onRetry?.(error.reason, batch)
      await sleep(backoffMs(failures++, BACKOFF), signal)
      try {
        await rewind(consumer, batch)
      } catch (rewinding) {
        if (rewinding instanceof ClosedError) return
        throw rewinding
      }
    }
  }
}

/** A transaction has come to nothing, and running it again can help. */
class Failure {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

/** Runs one batch in a transaction. Throws Failure when it can be run again. */
async function transform<K, V, OutputKey, OutputValue>(
  { consumer, producer, eachBatch, signal }: ExactlyOnceOptions<K, V, OutputKey, OutputValue>,
  batch: ConsumerBatch<K, V>,
): Promise<void> {
  const { topic, partition } = batch
  let transaction: Transaction<OutputKey, OutputValue> | undefined
  let isHandlers = false
  try {
    await producer.transaction(
      async (begun) => {
        transaction = begun
        isHandlers = true
        await eachBatch(batch, begun)
        isHandlers = false
        // Of this partition alone: what is buffered of others has not been handled.
        await begun.sendOffsets({
          groupMetadata: () => consumer.groupMetadata(),
          handledOffsets: (which) => {
            const own = consumer.handledOffsets(which).filter((each) => isSame(each, batch))
            if (own.length > 0) return own
            throw new KafkaError('KAFKA_NOT_A_MEMBER', `${topic}-${partition} has been handed on to another member`)
          },
        })
      },
      { signal },
    )
  } catch (error) {
    const isFatal = error instanceof TransactionError && error.isFatal
    const failure = transaction?.failure ?? (isHandlers ? undefined : error)
    const canPass = failure instanceof TransactionError ? failure.retriable : failure instanceof TimeoutError
    throw !isFatal && canPass ? new Failure(error) : error
  }
}

/** Goes back to what is committed, which tells what became of a commit whose answer got lost. */
async function rewind<K, V>(
  consumer: Consumer<K, V>,
  { topic, partition, firstOffset }: ConsumerBatch<K, V>,
): Promise<void> {
  const [committed] = await consumer.committed([{ topic, partition }])
  // It may be another member's by now.
  const isOwn = consumer.assignment().some((each) => isSame(each, { topic, partition }))
  if (isOwn) consumer.seek({ topic, partition, offset: committed?.offset ?? firstOffset })
}

function isSame(one: TopicPartition, other: TopicPartition): boolean {
  return one.topic === other.topic && one.partition === other.partition
}
