import type { Api } from '../api.ts'
import { boolean, int16, int32, int64, message, string } from '../schema.ts'

/**
 * Commits or aborts a transaction (KIP-98). The answer comes once the decision is on disk; the markers are written
 * after it. Version 5 says that the client speaks transactions V2 (KIP-890), so use it only where the cluster has
 * finalized the feature `transaction.version` at 2 or above.
 */
export interface EndTxnRequest {
  transactionalId: string
  /** As InitProducerId gave it, or the last EndTxn did. */
  producerId: bigint
  producerEpoch: number
  /** True to commit, false to abort. */
  committed: boolean
}

export interface EndTxnResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /**
   * Retried: CONCURRENT_TRANSACTIONS while the end is already being written, COORDINATOR_LOAD_IN_PROGRESS,
   * COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR (the last two after a new FindCoordinator). Ends the producer:
   * PRODUCER_FENCED (from version 2 on, before it is INVALID_PRODUCER_EPOCH), INVALID_TXN_STATE (there is no
   * transaction, or it ended the other way), TRANSACTIONAL_ID_AUTHORIZATION_FAILED. To be aborted:
   * INVALID_PRODUCER_ID_MAPPING (then with a new epoch from InitProducerId, KIP-360; without KIP-360 it ends the
   * producer), TRANSACTION_ABORTABLE (from version 4 on, KIP-890).
   */
  errorCode: number
  /**
   * Producer id for the next transaction: the same one until its epochs are used up. -1 before version 5 and after an
   * error.
   */
  producerId: bigint
  /** Epoch for the next transaction, one up with each. -1 before version 5 and after an error. */
  producerEpoch: number
}

export const endTxnApi: Api<EndTxnRequest, EndTxnResponse> = {
  name: 'EndTxn',
  key: 26,
  request: message<EndTxnRequest>({
    name: 'EndTxnRequest',
    apiKey: 26,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      transactionalId: string,
      producerId: int64,
      producerEpoch: int16,
      committed: boolean,
    },
  }),
  response: message<EndTxnResponse>({
    name: 'EndTxnResponse',
    apiKey: 26,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      producerId: int64.since(5).default(-1n).ignorable(),
      producerEpoch: int16.since(5).default(-1).ignorable(),
    },
  }),
}
