import { ERROR, errorOf } from '../../protocol/error-codes.ts'
import {
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import type { Handler, RequestContext } from '../handler.ts'

type Coordinator = FindCoordinatorResponse['coordinators'][number]

/** First version that asks for several keys (KIP-699). */
const FIRST_VERSION_WITH_KEYS = 4

const GROUP = 0
const TRANSACTION = 1

export const findCoordinatorHandler: Handler<FindCoordinatorRequest, FindCoordinatorResponse> = {
  api: findCoordinatorApi,

  handle({ key, keyType, coordinatorKeys }, context) {
    if (context.apiVersion >= FIRST_VERSION_WITH_KEYS) {
      return { coordinators: coordinatorKeys.map((each) => find(each, keyType, context)) }
    }
    const { errorCode, errorMessage, nodeId, host, port } = find(key, keyType, context)
    return { errorCode, errorMessage, nodeId, host, port }
  },

  fail({ key, coordinatorKeys }, errorCode, { apiVersion }) {
    if (apiVersion >= FIRST_VERSION_WITH_KEYS)
      return { coordinators: coordinatorKeys.map((each) => none(each, errorCode)) }
    const { errorMessage, nodeId, host, port } = none(key, errorCode)
    return { errorCode, errorMessage, nodeId, host, port }
  },
}

function find(key: string, keyType: number, { cluster }: RequestContext): Coordinator {
  // Share groups are not served, so nobody coordinates them.
  if (keyType !== GROUP && keyType !== TRANSACTION) return none(key, ERROR.INVALID_REQUEST)
  const node = cluster.coordinatorOf(key)
  if (node === undefined) return none(key, ERROR.COORDINATOR_NOT_AVAILABLE)
  return { key, nodeId: node.id, host: node.host, port: node.port, errorCode: ERROR.NONE, errorMessage: 'NONE' }
}

function none(key: string, errorCode: number): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage: errorOf(errorCode).message }
}
