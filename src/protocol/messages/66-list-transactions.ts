import type { Api } from '../api.ts'
import { array, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks a broker for the transactional ids it coordinates (KIP-664). Only the answers of all brokers together make the
 * whole list. A transaction is listed when it passes every filter.
 */
export interface ListTransactionsRequest {
  /** State names as in DescribeTransactions; empty lets every state through. */
  stateFilters: string[]
  /** Empty lets every producer id through. */
  producerIdFilters: bigint[]
  /** Milliseconds that a transaction must have been running for; negative lets all through (KIP-994). Default -1. */
  durationFilter: bigint
  /** Regular expression (RE2) that the whole transactional id must match; null or empty lets all through (KIP-1152). */
  transactionalIdPattern: string | null
}

/** The transactions of one coordinator. Those that the client may not describe are left out in silence. */
export interface ListTransactionsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * COORDINATOR_LOAD_IN_PROGRESS and COORDINATOR_NOT_AVAILABLE may be tried again; INVALID_REGULAR_EXPRESSION refuses
   * the pattern (version 2).
   */
  errorCode: number
  /** Names from `stateFilters` that the coordinator does not know; it left them out of account. */
  unknownStateFilters: string[]
  transactionStates: ListTransactionsState[]
}

export interface ListTransactionsState {
  transactionalId: string
  producerId: bigint
  /** As in DescribeTransactions. */
  transactionState: string
}

const state = struct<ListTransactionsState>({ transactionalId: string, producerId: int64, transactionState: string })

export const listTransactionsApi: Api<ListTransactionsRequest, ListTransactionsResponse> = {
  name: 'ListTransactions',
  key: 66,
  request: message<ListTransactionsRequest>({
    name: 'ListTransactionsRequest',
    apiKey: 66,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      stateFilters: array(string),
      producerIdFilters: array(int64),
      durationFilter: int64.since(1).default(-1n),
      transactionalIdPattern: nullable(string, 2).since(2).default(null),
    },
  }),
  response: message<ListTransactionsResponse>({
    name: 'ListTransactionsResponse',
    apiKey: 66,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      unknownStateFilters: array(string),
      transactionStates: array(state),
    },
  }),
}
