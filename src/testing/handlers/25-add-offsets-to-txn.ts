import { ERROR } from '../../protocol/error-codes.ts'
import {
  addOffsetsToTxnApi,
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
} from '../../protocol/messages/25-add-offsets-to-txn.ts'
import type { Handler } from '../handler.ts'
import { forVersion } from './24-add-partitions-to-txn.ts'
import { coordinatorError } from './coordinator-error.ts'

export const addOffsetsToTxnHandler: Handler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse> = {
  api: addOffsetsToTxnApi,

  handle({ transactionalId, groupId, ...identity }, context) {
    const { cluster, apiVersion } = context
    const elsewhere = transactionalId === '' ? ERROR.NONE : coordinatorError(transactionalId, context)
    const errorCode =
      elsewhere || cluster.transactions.add(transactionalId, identity, [cluster.offsets.transactional(groupId)])
    return { errorCode: forVersion(errorCode, apiVersion) }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}
