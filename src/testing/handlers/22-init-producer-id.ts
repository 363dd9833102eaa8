import { ERROR } from '../../protocol/error-codes.ts'
import {
  initProducerIdApi,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import type { Handler } from '../handler.ts'

export const initProducerIdHandler: Handler<InitProducerIdRequest, InitProducerIdResponse> = {
  api: initProducerIdApi,
  // Version 6 is not stable in Kafka 4.4, and brokers do not offer it (KIP-939).
  advertised: { min: 0, max: 5 },

  // An idempotent producer gets a new id whenever it asks, also when it has one.
  handle({ transactionalId, producerId, producerEpoch }, { cluster }) {
    if (transactionalId === '') return refuse(ERROR.INVALID_REQUEST)
    if ((producerId === -1n) !== (producerEpoch === -1)) return refuse(ERROR.INVALID_REQUEST)
    // There are no transactions yet. The code is one that no client retries.
    if (transactionalId !== null) return refuse(ERROR.UNSUPPORTED_VERSION)
    return { producerId: cluster.newProducerId(), producerEpoch: 0 }
  },

  fail(_request, errorCode) {
    return refuse(errorCode)
  },
}

function refuse(errorCode: number): Partial<InitProducerIdResponse> {
  return { errorCode, producerId: -1n, producerEpoch: -1 }
}
