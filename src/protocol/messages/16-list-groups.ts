import type { Api } from '../api.ts'
import { array, int16, int32, message, string, struct } from '../schema.ts'

/**
 * Asks one broker for the groups it coordinates; the groups of a cluster are the union of what all its brokers answer.
 */
export interface ListGroupsRequest {
  /** States to list, in any letter case; all when empty (KIP-518). A version without the field lists all states. */
  statesFilter: string[]
  /** `classic`, `consumer`, `share` or `streams`, in any letter case; all when empty (KIP-848). */
  typesFilter: string[]
}

export interface ListGroupsResponse {
  /** Milliseconds to wait before the next request; from version 2 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /**
   * COORDINATOR_LOAD_IN_PROGRESS or COORDINATOR_NOT_AVAILABLE while the broker takes groups over: ask again, the list
   * may lack some. Groups that the client may not describe are left out without an error.
   */
  errorCode: number
  groups: ListGroupsGroup[]
}

export interface ListGroupsGroup {
  groupId: string
  /**
   * What the members use the group for, such as `consumer`, `connect` or `share`; empty for a group that only holds
   * offsets.
   */
  protocolType: string
  /**
   * `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Assigning`, `Reconciling`, `NotReady`, `Stable` or `Dead`,
   * as the type of group has them.
   */
  groupState: string
  /** `classic`, `consumer`, `share` or `streams`. */
  groupType: string
}

const group = struct<ListGroupsGroup>({
  groupId: string,
  protocolType: string,
  groupState: string.since(4).ignorable(),
  groupType: string.since(5).ignorable(),
})

export const listGroupsApi: Api<ListGroupsRequest, ListGroupsResponse> = {
  name: 'ListGroups',
  key: 16,
  request: message<ListGroupsRequest>({
    name: 'ListGroupsRequest',
    apiKey: 16,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      statesFilter: array(string).since(4),
      typesFilter: array(string).since(5),
    },
  }),
  response: message<ListGroupsResponse>({
    name: 'ListGroupsResponse',
    apiKey: 16,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      throttleTimeMs: int32.since(1).ignorable(),
      errorCode: int16,
      groups: array(group),
    },
  }),
}
