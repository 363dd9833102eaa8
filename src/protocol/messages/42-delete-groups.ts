import type { Api } from '../api.ts'
import { array, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Deletes groups without members, of any type, together with their offsets (KIP-229). Goes to the groups' coordinator.
 */
export interface DeleteGroupsRequest {
  /** Ids of groups that this broker coordinates. */
  groupsNames: string[]
}

export interface DeleteGroupsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  results: DeleteGroupsResult[]
}

export interface DeleteGroupsResult {
  groupId: string
  /**
   * NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND, INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED, GROUP_DELETION_FAILED (4.4, the
   * message says why). Retried: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR, the last
   * two after a new FindCoordinator.
   */
  errorCode: number
  /** Null before version 3, and when the broker has nothing to add to the code. */
  errorMessage: string | null
}

const result = struct<DeleteGroupsResult>({
  groupId: string,
  errorCode: int16,
  errorMessage: nullable(string, 3).since(3).default(null).ignorable(),
})

export const deleteGroupsApi: Api<DeleteGroupsRequest, DeleteGroupsResponse> = {
  name: 'DeleteGroups',
  key: 42,
  request: message<DeleteGroupsRequest>({
    name: 'DeleteGroupsRequest',
    apiKey: 42,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      groupsNames: array(string),
    },
  }),
  response: message<DeleteGroupsResponse>({
    name: 'DeleteGroupsResponse',
    apiKey: 42,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      results: array(result),
    },
  }),
}
