import type { Api } from '../api.ts'
import { int16, int32, int64, message, string } from '../schema.ts'

/**
 * Tells the transaction coordinator that a transaction is about to commit offsets of a group, which adds the group's
 * partition of `__consumer_offsets` to it (KIP-98). Comes before TxnOffsetCommit, which from its version 5 on does
 * both.
 */
export interface AddOffsetsToTxnRequest {
  transactionalId: string
  /** As InitProducerId gave it, or the last EndTxn did. */
  producerId: bigint
  producerEpoch: number
  groupId: string
}

export interface AddOffsetsToTxnResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /**
   * Retried: CONCURRENT_TRANSACTIONS while the markers of the previous transaction are still being written,
   * COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR (the last two after a new
   * FindCoordinator). Ends the producer: PRODUCER_FENCED (from version 2 on, before it is INVALID_PRODUCER_EPOCH),
   * INVALID_TXN_STATE, TRANSACTIONAL_ID_AUTHORIZATION_FAILED. To be aborted: GROUP_AUTHORIZATION_FAILED,
   * INVALID_PRODUCER_ID_MAPPING (then with a new epoch from InitProducerId, KIP-360; without KIP-360 it ends the
   * producer), TRANSACTION_ABORTABLE (from version 4 on, KIP-890).
   */
  errorCode: number
}

export const addOffsetsToTxnApi: Api<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse> = {
  name: 'AddOffsetsToTxn',
  key: 25,
  request: message<AddOffsetsToTxnRequest>({
    name: 'AddOffsetsToTxnRequest',
    apiKey: 25,
    versions: { min: 0, max: 4 },
    flexibleFrom: 3,
    fields: {
      transactionalId: string,
      producerId: int64,
      producerEpoch: int16,
      groupId: string,
    },
  }),
  response: message<AddOffsetsToTxnResponse>({
    name: 'AddOffsetsToTxnResponse',
    apiKey: 25,
    versions: { min: 0, max: 4 },
    flexibleFrom: 3,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
    },
  }),
}
