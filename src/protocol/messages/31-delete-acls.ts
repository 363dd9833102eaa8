import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Removes the access rules that match any of the filters (KIP-140). Any broker takes it. Needs Alter on the cluster.
 */
export interface DeleteAclsRequest {
  filters: DeleteAclsFilter[]
}

/** As in DescribeAcls. */
export interface DeleteAclsFilter {
  resourceTypeFilter: number
  /** Null for any. */
  resourceNameFilter: string | null
  /** Brokers before 2.0 have literal rules only, as version 0 does. Default 3, literal. */
  patternTypeFilter: number
  /** Null for any. */
  principalFilter: string | null
  /** Null for any. */
  hostFilter: string | null
  operation: number
  permissionType: number
}

export interface DeleteAclsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /** One for each filter, in the order of the request. */
  filterResults: DeleteAclsFilterResult[]
}

export interface DeleteAclsFilterResult {
  /**
   * INVALID_REQUEST for a code that the broker does not know, SECURITY_DISABLED when there is no authorizer,
   * CLUSTER_AUTHORIZATION_FAILED. NOT_CONTROLLER, of a controller that is not the active one, is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  matchingAcls: DeleteAclsMatchingAcl[]
}

/** A rule that matched, and whether it is gone. */
export interface DeleteAclsMatchingAcl {
  errorCode: number
  /** Null when the rule is gone. */
  errorMessage: string | null
  resourceType: number
  resourceName: string
  /** 3 literal or 4 prefixed. */
  patternType: number
  principal: string
  host: string
  operation: number
  permissionType: number
}

const filter = struct<DeleteAclsFilter>({
  resourceTypeFilter: int8,
  resourceNameFilter: nullable(string),
  patternTypeFilter: int8.since(1).default(3),
  principalFilter: nullable(string),
  hostFilter: nullable(string),
  operation: int8,
  permissionType: int8,
})

const matchingAcl = struct<DeleteAclsMatchingAcl>({
  errorCode: int16,
  errorMessage: nullable(string),
  resourceType: int8,
  resourceName: string,
  patternType: int8.since(1).default(3),
  principal: string,
  host: string,
  operation: int8,
  permissionType: int8,
})

const filterResult = struct<DeleteAclsFilterResult>({
  errorCode: int16,
  errorMessage: nullable(string),
  matchingAcls: array(matchingAcl),
})

export const deleteAclsApi: Api<DeleteAclsRequest, DeleteAclsResponse> = {
  name: 'DeleteAcls',
  key: 31,
  request: message<DeleteAclsRequest>({
    name: 'DeleteAclsRequest',
    apiKey: 31,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      filters: array(filter),
    },
  }),
  response: message<DeleteAclsResponse>({
    name: 'DeleteAclsResponse',
    apiKey: 31,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      filterResults: array(filterResult),
    },
  }),
}
