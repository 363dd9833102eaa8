import { heartbeatApi, type HeartbeatRequest, type HeartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import type { Handler } from '../handler.ts'
import { coordinatorError } from './coordinator-error.ts'

export const heartbeatHandler: Handler<HeartbeatRequest, HeartbeatResponse> = {
  api: heartbeatApi,

  handle(request, context) {
    return { errorCode: coordinatorError(request.groupId, context) || context.cluster.groups.heartbeat(request) }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}
