import { ERROR } from '../../protocol/error-codes.ts'
import {
  leaveGroupApi,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
} from '../../protocol/messages/13-leave-group.ts'
import type { Handler } from '../handler.ts'
import { coordinatorError } from './coordinator-error.ts'

/** First version in which several members leave (KIP-345). */
const FIRST_VERSION_WITH_MEMBERS = 3

export const leaveGroupHandler: Handler<LeaveGroupRequest, LeaveGroupResponse> = {
  api: leaveGroupApi,

  handle({ groupId, memberId, members }, context) {
    const errorCode = groupId === '' ? ERROR.INVALID_GROUP_ID : coordinatorError(groupId, context)
    if (errorCode !== ERROR.NONE) return { errorCode }
    const { groups } = context.cluster
    if (context.apiVersion < FIRST_VERSION_WITH_MEMBERS) {
      const [error = ERROR.NONE] = groups.leave(groupId, [{ memberId, groupInstanceId: null, reason: null }])
      return { errorCode: error }
    }
    const errors = groups.leave(groupId, members)
    return {
      members: members.map(({ memberId, groupInstanceId }, i) => ({
        memberId,
        groupInstanceId,
        errorCode: errors[i]!,
      })),
    }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}
