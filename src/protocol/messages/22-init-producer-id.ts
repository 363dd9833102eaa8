import type { Api } from '../api.ts'
import { boolean, int16, int32, int64, message, nullable, string } from '../schema.ts'

/**
 * Gets the producer id and epoch that make a producer idempotent. With a transactional id it goes to that id's
 * coordinator, which fences older producers and completes their open transaction (KIP-98); without one, to any broker.
 * Brokers offer version 6 only where unstable versions are switched on.
 */
export interface InitProducerIdRequest {
  /** Null for a producer that is idempotent only. */
  transactionalId: string | null
  /** Milliseconds that a transaction may stay open before the coordinator aborts it. */
  transactionTimeoutMs: number
  /** Id held so far, to go on with it at a higher epoch after an error (KIP-360); -1 for a new one. */
  producerId: bigint
  /** Goes with `producerId`; -1 for a new one. */
  producerEpoch: number
  /** Whether an outside transaction manager decides on the transactions (KIP-939). */
  enable2Pc: boolean
  /** Whether to keep a prepared transaction open instead of aborting it (KIP-939). */
  keepPreparedTxn: boolean
}

export interface InitProducerIdResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * After a new FindCoordinator: NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE; simply retried:
   * COORDINATOR_LOAD_IN_PROGRESS, CONCURRENT_TRANSACTIONS; else INVALID_PRODUCER_EPOCH or PRODUCER_FENCED (version 4),
   * INVALID_TRANSACTION_TIMEOUT, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED,
   * TRANSACTION_ABORTABLE (version 5).
   */
  errorCode: number
  /** -1 on an error. */
  producerId: bigint
  /** Starts at 0 for a new id. */
  producerEpoch: number
  /** Producer id of the prepared transaction that was kept; -1 when there is none. */
  ongoingTxnProducerId: bigint
  /** Epoch of the prepared transaction that was kept; -1 when there is none. */
  ongoingTxnProducerEpoch: number
}

export const initProducerIdApi: Api<InitProducerIdRequest, InitProducerIdResponse> = {
  name: 'InitProducerId',
  key: 22,
  request: message<InitProducerIdRequest>({
    name: 'InitProducerIdRequest',
    apiKey: 22,
    versions: { min: 0, max: 6 },
    flexibleFrom: 2,
    fields: {
      transactionalId: nullable(string),
      transactionTimeoutMs: int32,
      producerId: int64.since(3).default(-1n),
      producerEpoch: int16.since(3).default(-1),
      enable2Pc: boolean.since(6),
      keepPreparedTxn: boolean.since(6),
    },
  }),
  response: message<InitProducerIdResponse>({
    name: 'InitProducerIdResponse',
    apiKey: 22,
    versions: { min: 0, max: 6 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32.ignorable(),
      errorCode: int16,
      producerId: int64.default(-1n),
      producerEpoch: int16,
      ongoingTxnProducerId: int64.since(6).default(-1n),
      ongoingTxnProducerEpoch: int16.since(6).default(-1),
    },
  }),
}
