import {
  BrokerError,
  ConnectionError,
  KafkaError,
  ProducerFencedError,
  TimeoutError,
  TransactionError,
} from '../errors.ts'
import type { Cluster, CoordinatorKind } from '../network/cluster.ts'
import type { BodyOf } from '../network/exchange.ts'
import { type Backoff, backoffMs, isRetriable } from '../network/retry.ts'
import { sleep } from '../network/wait.ts'
import type { Api } from '../protocol/api.ts'
import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { initProducerIdApi } from '../protocol/messages/22-init-producer-id.ts'
import { addPartitionsToTxnApi } from '../protocol/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnApi } from '../protocol/messages/25-add-offsets-to-txn.ts'
import { endTxnApi } from '../protocol/messages/26-end-txn.ts'
import { txnOffsetCommitApi } from '../protocol/messages/28-txn-offset-commit.ts'
import type { OffsetToSend, SenderOfOffsets } from './transaction-offsets.ts'
import {
  ABORT,
  ABORT_IF_OPEN,
  ADD_OFFSETS,
  ADD_PARTITIONS,
  COMMIT,
  INIT_PRODUCER_ID,
  TXN_OFFSET_COMMIT,
  type Verdict,
  verdictOf,
  type VerdictTable,
} from './transaction-verdicts.ts'

/** Under which id and epoch a transactional producer writes. */
export interface ProducerIdAndEpoch {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A partition by name. */
interface Partition {
  readonly topic: string
  readonly partition: number
}

export interface TransactionRequestOptions {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retryBackoff: Backoff
  /** A request may have been carried out though nobody knows: its answer got lost. */
  readonly onIndefinite: () => void
}

/** How long a request is tried. */
export interface Persistence {
  /** Ends it at once: the caller waits no longer, or the producer is closed. */
  readonly signal: AbortSignal
  /** No attempt is begun after this, but one that is under way is waited for, as its outcome matters. */
  readonly halt?: AbortSignal | undefined
}

/** The part of an answer that decides what comes next. */
interface Judgement {
  readonly verdict: Verdict
  readonly code: number
  readonly about?: Partition | undefined
}

/** Until the end of the transaction before has reached its partitions (Java: ADD_PARTITIONS_RETRY_BACKOFF_MS). */
const FIRST_ADD_BACKOFF_MS = 20

/** What a client speaks of AddPartitionsToTxn; later versions are between brokers. */
const ADD_PARTITIONS_CLIENT_MAX = 3
/** With these versions a client says that it speaks transactions V2 (KIP-890). */
const END_TXN_V2 = 5
const TXN_OFFSET_COMMIT_V2 = 5
/** First version with topic ids instead of names (KIP-1319). */
const TXN_OFFSET_COMMIT_IDS = 6
/** First version that takes the present id and epoch, so as to raise the epoch (KIP-360). */
const INIT_WITH_EPOCH = 3

/**
 * The requests of a transaction. Each is sent again until its outcome is known; what it means for the transaction is thrown as
 * TransactionError (Java: TransactionManager's request handlers).
 */
export class TransactionRequests {
  readonly #cluster: Cluster
  readonly #options: TransactionRequestOptions
  #canRaiseEpoch = false

  constructor(cluster: Cluster, options: TransactionRequestOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** Whether the coordinator lets a producer go on under a new epoch (Kafka 2.5, KIP-360); known from the first request on. */
  get canRaiseEpoch(): boolean {
    return this.#canRaiseEpoch
  }

  /** Gets a producer id and epoch, which fences whoever used the transactional id before; `current` is raised instead when given. */
  async init(current: ProducerIdAndEpoch | undefined, persistence: Persistence): Promise<ProducerIdAndEpoch> {
    const { transactionalId, transactionTimeoutMs } = this.#options
    const body = { transactionalId, transactionTimeoutMs, ...current }
    const { producerId, producerEpoch } = await this.#ask(
      'transaction',
      transactionalId,
      initProducerIdApi,
      body,
      ({ errorCode }) => judge(errorCode, INIT_PRODUCER_ID),
      persistence,
    )
    return { producerId, producerEpoch }
  }

  /** @param isFirst - no partition has been added yet, so that what is in the way is the transaction before. */
  async addPartitions(
    identity: ProducerIdAndEpoch,
    partitions: readonly Partition[],
    isFirst: boolean,
    persistence: Persistence,
  ): Promise<void> {
    const { transactionalId } = this.#options
    const topics = Array.from(byTopic(partitions), ([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ partition }) => partition),
    }))
    await this.#ask(
      'transaction',
      transactionalId,
      addPartitionsToTxnApi,
      {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: identity.producerId,
        v3AndBelowProducerEpoch: identity.producerEpoch,
        v3AndBelowTopics: topics,
      },
      ({ resultsByTopicV3AndBelow }) =>
        mostTelling(
          resultsByTopicV3AndBelow.flatMap(({ name: topic, resultsByPartition }) =>
            resultsByPartition.map(({ partitionIndex: partition, partitionErrorCode }) =>
              judge(partitionErrorCode, ADD_PARTITIONS, { topic, partition }),
            ),
          ),
        ),
      persistence,
      { maxVersion: ADD_PARTITIONS_CLIENT_MAX, isFirstOfTransaction: isFirst },
    )
  }

  async addOffsets(identity: ProducerIdAndEpoch, groupId: string, persistence: Persistence): Promise<void> {
    const { transactionalId } = this.#options
    const body = { transactionalId, ...identity, groupId }
    await this.#ask(
      'transaction',
      transactionalId,
      addOffsetsToTxnApi,
      body,
      ({ errorCode }) => judge(errorCode, ADD_OFFSETS),
      persistence,
    )
  }

  /** Commits offsets as part of the transaction; those that were not taken at first, again. */
  async commitOffsets(
    identity: ProducerIdAndEpoch,
    group: SenderOfOffsets,
    offsets: readonly OffsetToSend[],
    isV2: boolean,
    persistence: Persistence,
  ): Promise<void> {
    const { transactionalId } = this.#options
    const { groupId, generationId, memberId, groupInstanceId } = group
    const left = new Map(offsets.map((offset) => [`${offset.topic} ${offset.partition}`, offset]))
    let ids = this.#topicIds(offsets)
    await this.#ask(
      'group',
      groupId,
      txnOffsetCommitApi,
      (version) => ({
        transactionalId,
        groupId,
        ...identity,
        generationIdOrMemberEpoch: generationId,
        memberId,
        groupInstanceId,
        topics: Array.from(byTopic(left.values()), ([name, ofTopic]) => ({
          ...(version >= TXN_OFFSET_COMMIT_IDS ? { topicId: ids?.get(name) ?? ZERO_UUID } : { name }),
          partitions: ofTopic.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
            partitionIndex: partition,
            committedOffset: BigInt(offset),
            committedLeaderEpoch: leaderEpoch,
            committedMetadata: metadata,
          })),
        })),
      }),
      ({ topics }) => {
        const judgements: Judgement[] = []
        for (const { name, topicId, partitions } of topics) {
          const topic = name === '' ? (nameOf(topicId, ids) ?? topicId) : name
          for (const { partitionIndex: partition, errorCode } of partitions) {
            if (errorCode === ERROR.NONE) left.delete(`${topic} ${partition}`)
            if (errorCode === ERROR.UNKNOWN_TOPIC_ID) this.#cluster.markStale()
            judgements.push(judge(errorCode, TXN_OFFSET_COMMIT, { topic, partition }))
          }
        }
        ids = this.#topicIds(offsets)
        return mostTelling(judgements)
      },
      persistence,
      { maxVersion: isV2 ? (ids === undefined ? TXN_OFFSET_COMMIT_IDS - 1 : undefined) : TXN_OFFSET_COMMIT_V2 - 1 },
    )
  }

  /**
   * Commits or aborts. Returns the id and epoch for the next transaction where the coordinator gave them.
   *
   * @param isSurelyOpen - whether the coordinator is known to know the transaction.
   */
  async end(
    identity: ProducerIdAndEpoch,
    committed: boolean,
    isSurelyOpen: boolean,
    isV2: boolean,
    persistence: Persistence,
  ): Promise<ProducerIdAndEpoch | undefined> {
    const { transactionalId } = this.#options
    const table = committed ? COMMIT : isSurelyOpen ? ABORT : ABORT_IF_OPEN
    const { producerId, producerEpoch } = await this.#ask(
      'transaction',
      transactionalId,
      endTxnApi,
      { transactionalId, ...identity, committed },
      ({ errorCode }) => judge(errorCode, table),
      persistence,
      isV2 ? {} : { maxVersion: END_TXN_V2 - 1 },
    )
    return producerId < 0n ? undefined : { producerId, producerEpoch }
  }

  /** Asks the coordinator until its answer settles the matter. */
  async #ask<Request extends object, Response extends object>(
    kind: CoordinatorKind,
    key: string,
    api: Api<Request, Response>,
    body: BodyOf<NoInfer<Request>>,
    judgeAnswer: (response: Response) => Judgement,
    { signal, halt }: Persistence,
    {
      maxVersion,
      isFirstOfTransaction = false,
    }: { maxVersion?: number | undefined; isFirstOfTransaction?: boolean } = {},
  ): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted()
      halt?.throwIfAborted()
      let delayMs = backoffMs(attempt, this.#options.retryBackoff)
      const response = await this.#attempt(kind, key, api, body, maxVersion, signal)
      if (response !== undefined) {
        const { verdict, code, about } = judgeAnswer(response)
        if (verdict === 'done') return response
        if (verdict === 'look up') this.#cluster.forgetCoordinator(kind, key)
        else if (verdict !== 'retry') throw this.#error(verdict, brokerError(code, { api: api.name, ...about }))
        if (isFirstOfTransaction && code === ERROR.CONCURRENT_TRANSACTIONS) {
          delayMs = Math.min(delayMs, FIRST_ADD_BACKOFF_MS)
        }
      }
      await sleep(delayMs, halt ?? signal)
    }
  }

  /** One attempt; undefined when it came to nothing and another one may help. */
  async #attempt<Request extends object, Response extends object>(
    kind: CoordinatorKind,
    key: string,
    api: Api<Request, Response>,
    body: BodyOf<NoInfer<Request>>,
    maxVersion: number | undefined,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    let isSent = false
    try {
      const wait = { timeoutMs: this.#options.requestTimeoutMs, signal }
      const broker = await this.#cluster.coordinator(kind, key, wait)
      const { versions } = await broker.connection('general', signal)
      if (kind === 'transaction') {
        this.#canRaiseEpoch = (versions.range(initProducerIdApi.key)?.max ?? 0) >= INIT_WITH_EPOCH
      }
      isSent = true
      return await broker.request('general', api, body, { signal, maxVersion })
    } catch (error) {
      const isLost = error instanceof ConnectionError || error instanceof TimeoutError
      if (isSent && (isLost || signal.aborted)) this.#options.onIndefinite()
      signal.throwIfAborted()
      if (!isRetriable(error)) throw this.#refused(kind, key, error)
      if (isLost) this.#cluster.forgetCoordinator(kind, key)
      return undefined
    }
  }

  /** What an error means that came instead of an answer. */
  #refused(kind: CoordinatorKind, key: string, error: unknown): TransactionError {
    const isAboutGroup = error instanceof BrokerError && error.errorCode === ERROR.GROUP_AUTHORIZATION_FAILED
    const cause = error instanceof Error ? error : new Error(`asking the coordinator of ${kind} ${key} failed`)
    return this.#error(isAboutGroup ? 'abortable' : 'fatal', cause)
  }

  #error(verdict: Verdict, cause: Error): TransactionError {
    const { transactionalId } = this.#options
    if (verdict === 'fenced') return new ProducerFencedError(transactionalId, { cause })
    const isAbortable = verdict === 'abortable' || (verdict === 'abortable by epoch' && this.#canRaiseEpoch)
    return isAbortable ? abortable(transactionalId, cause) : fatal(transactionalId, cause)
  }

  #topicIds(partitions: readonly Partition[]): Map<string, string> | undefined {
    const ids = new Map<string, string>()
    for (const { topic } of partitions) {
      const id = this.#cluster.topic(topic)?.topicId
      if (id === undefined || id === ZERO_UUID) return undefined
      ids.set(topic, id)
    }
    return ids
  }
}

export function abortable(transactionalId: string, cause: Error): TransactionError {
  const message = `the transaction of ${transactionalId} cannot be committed and has to be aborted: ${cause.message}`
  return new TransactionError('abortable', message, transactionalId, { cause, retriable: isPassing(cause) })
}

/** What a new transaction need not meet again. */
const PASSING = new Set([
  'ILLEGAL_GENERATION',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_TXN_STATE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'STALE_MEMBER_EPOCH',
  'TRANSACTION_ABORTABLE',
  'UNKNOWN_MEMBER_ID',
  'UNKNOWN_PRODUCER_ID',
])

function isPassing(cause: Error): boolean {
  if (!(cause instanceof KafkaError)) return false
  return cause.retriable || (cause instanceof BrokerError && PASSING.has(cause.errorName))
}

export function fatal(transactionalId: string, cause: Error): TransactionError {
  const message = `the producer with transactional id ${transactionalId} cannot go on, close it: ${cause.message}`
  return new TransactionError('fatal', message, transactionalId, { cause })
}

function judge(code: number, table: VerdictTable, about?: Partition): Judgement {
  return { verdict: verdictOf(code, table), code, about }
}

/** Of several partitions' judgements the one that decides: all done only if each is, and nothing is aborted that can still be retried. */
function mostTelling(judgements: readonly Judgement[]): Judgement {
  const open = judgements.filter(({ verdict }) => verdict !== 'done')
  const order: readonly Verdict[] = ['fenced', 'fatal', 'abortable by epoch', 'look up', 'retry']
  for (const verdict of order) {
    const found = open.find((judgement) => judgement.verdict === verdict)
    if (found !== undefined) return found
  }
  // One that was kept out because of another tells less than that one.
  const first = open.find(({ code }) => code !== ERROR.OPERATION_NOT_ATTEMPTED) ?? open[0]
  return first ?? { verdict: 'done', code: ERROR.NONE }
}

function byTopic<P extends Partition>(partitions: Iterable<P>): Map<string, P[]> {
  const topics = new Map<string, P[]>()
  for (const partition of partitions) {
    const ofTopic = topics.get(partition.topic)
    if (ofTopic === undefined) topics.set(partition.topic, [partition])
    else ofTopic.push(partition)
  }
  return topics
}

function nameOf(topicId: string, ids: ReadonlyMap<string, string> | undefined): string | undefined {
  for (const [name, id] of ids ?? []) if (id === topicId) return name
  return undefined
}
