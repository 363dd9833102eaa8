import { ERROR } from '../../protocol/error-codes.ts'
import { joinGroupApi, type JoinGroupRequest, type JoinGroupResponse } from '../../protocol/messages/11-join-group.ts'
import type { Encodable } from '../../protocol/schema.ts'
import type { Handler } from '../handler.ts'
import { coordinatorError } from './coordinator-error.ts'

/** First version that makes a new member come back with the id it is given (KIP-394). */
const FIRST_VERSION_WITH_REQUIRED_ID = 4
/** First version in which there may be no protocol name. */
const FIRST_VERSION_WITH_NULL_PROTOCOL = 7
/** First version that can tell a leader not to assign (KIP-814). */
const FIRST_VERSION_WITH_SKIPPING = 9

export const joinGroupHandler: Handler<JoinGroupRequest, JoinGroupResponse> = {
  api: joinGroupApi,

  async handle(request, context) {
    const { cluster, apiVersion, clientId } = context
    const errorCode = coordinatorError(request.groupId, context)
    if (errorCode !== ERROR.NONE) return joinGroupHandler.fail(request, errorCode, context)
    // Version 0 knows one timeout for both.
    const rebalanceTimeoutMs = apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
    const answer = await cluster.groups.join(
      { ...request, rebalanceTimeoutMs },
      {
        clientId,
        requiresKnownMemberId: apiVersion >= FIRST_VERSION_WITH_REQUIRED_ID,
        supportsSkippingAssignment: apiVersion >= FIRST_VERSION_WITH_SKIPPING,
      },
    )
    return withProtocol(answer, apiVersion)
  },

  fail(_request, errorCode, { apiVersion }) {
    return withProtocol({ errorCode }, apiVersion)
  },
}

function withProtocol(answer: Encodable<JoinGroupResponse>, apiVersion: number): Encodable<JoinGroupResponse> {
  const protocolName = answer.protocolName ?? (apiVersion >= FIRST_VERSION_WITH_NULL_PROTOCOL ? null : '')
  return { ...answer, protocolName }
}
