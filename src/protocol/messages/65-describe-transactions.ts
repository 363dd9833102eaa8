import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, string, struct } from '../schema.ts'

/**
 * Asks a transaction coordinator for the state of transactional ids (KIP-664). Each id has its own coordinator: split
 * by it before sending.
 */
export interface DescribeTransactionsRequest {
  /** An empty list describes nothing. */
  transactionalIds: string[]
}

/** One state for each transactional id asked for. */
export interface DescribeTransactionsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  transactionStates: DescribeTransactionsState[]
}

export interface DescribeTransactionsState {
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * TRANSACTIONAL_ID_NOT_FOUND: unknown or expired; TRANSACTIONAL_ID_AUTHORIZATION_FAILED; INVALID_REQUEST for an empty
   * id.
   */
  errorCode: number
  transactionalId: string
  /**
   * `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`, `CompleteCommit`, `CompleteAbort` or `PrepareEpochFence`;
   * empty with an error.
   */
  transactionState: string
  /** Milliseconds after which the coordinator aborts the transaction by itself. */
  transactionTimeoutMs: number
  /** Milliseconds since the epoch; -1 when no transaction has begun. */
  transactionStartTimeMs: bigint
  producerId: bigint
  producerEpoch: number
  /**
   * Partitions of the open transaction; while it is being ended, those that still wait for their marker. Topics that
   * the client may not describe are missing.
   */
  topics: DescribeTransactionsTopic[]
}

export interface DescribeTransactionsTopic {
  topic: string
  partitions: number[]
}

const topic = struct<DescribeTransactionsTopic>({ topic: string, partitions: array(int32) })

const state = struct<DescribeTransactionsState>({
  errorCode: int16,
  transactionalId: string,
  transactionState: string,
  transactionTimeoutMs: int32,
  transactionStartTimeMs: int64,
  producerId: int64,
  producerEpoch: int16,
  topics: array(topic),
})

export const describeTransactionsApi: Api<DescribeTransactionsRequest, DescribeTransactionsResponse> = {
  name: 'DescribeTransactions',
  key: 65,
  request: message<DescribeTransactionsRequest>({
    name: 'DescribeTransactionsRequest',
    apiKey: 65,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { transactionalIds: array(string) },
  }),
  response: message<DescribeTransactionsResponse>({
    name: 'DescribeTransactionsResponse',
    apiKey: 65,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, transactionStates: array(state) },
  }),
}
