import { ERROR } from '../../protocol/error-codes.ts'
import {
  initProducerIdApi,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import type { Handler } from '../handler.ts'
import { coordinatorError } from './coordinator-error.ts'

/** First version whose clients know PRODUCER_FENCED. */
const FIRST_VERSION_WITH_FENCED = 4

export const initProducerIdHandler: Handler<InitProducerIdRequest, InitProducerIdResponse> = {
  api: initProducerIdApi,
  // Version 6 is not stable in Kafka 4.4, and brokers do not offer it (KIP-939).
  advertised: { min: 0, max: 5 },

  handle({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }, context) {
    const { cluster, apiVersion } = context
    if (transactionalId === '') return refuse(ERROR.INVALID_REQUEST)
    if ((producerId === -1n) !== (producerEpoch === -1)) return refuse(ERROR.INVALID_REQUEST)
    // An idempotent producer gets a new id whenever it asks, also when it has one.
    if (transactionalId === null) return { producerId: cluster.newProducerId(), producerEpoch: 0 }
    const elsewhere = coordinatorError(transactionalId, context)
    if (elsewhere !== ERROR.NONE) return refuse(elsewhere)
    const expected = producerId === -1n ? undefined : { producerId, producerEpoch }
    const outcome = cluster.transactions.init(transactionalId, transactionTimeoutMs, expected)
    const isFenced = outcome.errorCode === ERROR.PRODUCER_FENCED
    if (isFenced && apiVersion < FIRST_VERSION_WITH_FENCED) return refuse(ERROR.INVALID_PRODUCER_EPOCH)
    return outcome.errorCode === ERROR.NONE ? outcome : refuse(outcome.errorCode)
  },

  fail(_request, errorCode) {
    return refuse(errorCode)
  },
}

function refuse(errorCode: number): Partial<InitProducerIdResponse> {
  return { errorCode, producerId: -1n, producerEpoch: -1 }
}
