import { ERROR } from '../../protocol/error-codes.ts'
import { endTxnApi, type EndTxnRequest, type EndTxnResponse } from '../../protocol/messages/26-end-txn.ts'
import type { Handler } from '../handler.ts'
import { forVersion } from './24-add-partitions-to-txn.ts'
import { coordinatorError } from './coordinator-error.ts'

/** First version whose client knows that the end raises its epoch (KIP-890). */
const FIRST_VERSION_OF_V2 = 5

export const endTxnHandler: Handler<EndTxnRequest, EndTxnResponse> = {
  api: endTxnApi,

  handle({ transactionalId, committed, ...identity }, context) {
    const { cluster, apiVersion } = context
    const elsewhere = transactionalId === '' ? ERROR.NONE : coordinatorError(transactionalId, context)
    if (elsewhere !== ERROR.NONE) return { errorCode: elsewhere }
    const isV2 = apiVersion >= FIRST_VERSION_OF_V2
    const outcome = cluster.transactions.end(transactionalId, identity, committed, isV2)
    return { ...outcome, errorCode: forVersion(outcome.errorCode, apiVersion) }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}
