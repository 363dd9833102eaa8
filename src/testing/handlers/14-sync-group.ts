import { ERROR } from '../../protocol/error-codes.ts'
import { syncGroupApi, type SyncGroupRequest, type SyncGroupResponse } from '../../protocol/messages/14-sync-group.ts'
import type { Handler } from '../handler.ts'
import { coordinatorError } from './coordinator-error.ts'

/** First version that names the protocol, and has to (KIP-559). */
const FIRST_VERSION_WITH_PROTOCOL = 5

export const syncGroupHandler: Handler<SyncGroupRequest, SyncGroupResponse> = {
  api: syncGroupApi,

  handle(request, context) {
    const { groupId, protocolType, protocolName } = request
    if (context.apiVersion >= FIRST_VERSION_WITH_PROTOCOL && (protocolType === null || protocolName === null)) {
      return { errorCode: ERROR.INCONSISTENT_GROUP_PROTOCOL }
    }
    const errorCode = coordinatorError(groupId, context)
    return errorCode === ERROR.NONE ? context.cluster.groups.sync(request) : { errorCode }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}
