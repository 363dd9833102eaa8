import { ERROR } from '../../protocol/error-codes.ts'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
} from '../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { Handler } from '../handler.ts'
import { GroupFault } from '../state/group-fault.ts'
import { coordinatorError } from './coordinator-error.ts'

export const consumerGroupHeartbeatHandler: Handler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse> = {
  api: consumerGroupHeartbeatApi,

  handle(request, context) {
    const { cluster, clientId } = context
    const errorCode = coordinatorError(request.groupId, context)
    if (errorCode !== ERROR.NONE) return { errorCode }
    try {
      return cluster.groups.consumerHeartbeat(request, clientId ?? '')
    } catch (error) {
      if (error instanceof GroupFault) return { errorCode: error.errorCode, errorMessage: error.message }
      throw error
    }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}
