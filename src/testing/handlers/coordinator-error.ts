import { ERROR } from '../../protocol/error-codes.ts'
import type { RequestContext } from '../handler.ts'

/** NOT_COORDINATOR when another node coordinates the group, else 0. */
export function coordinatorError(groupId: string, { cluster, node }: RequestContext): number {
  return cluster.coordinatorOf(groupId) === node ? ERROR.NONE : ERROR.NOT_COORDINATOR
}
