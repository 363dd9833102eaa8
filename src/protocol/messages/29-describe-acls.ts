import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks for the access rules that match a filter in all its fields (KIP-140). Any broker answers. Needs Describe on the
 * cluster. The codes below are those of CreateAcls and DeleteAcls too.
 */
export interface DescribeAclsRequest {
  /**
   * 1 any, 2 topic, 3 group, 4 cluster (named `kafka-cluster`), 5 transactional id, 6 delegation token, 7 user (from
   * version 3 on, KIP-373).
   */
  resourceTypeFilter: number
  /** Null for any. */
  resourceNameFilter: string | null
  /**
   * 1 any, 2 whatever applies to the name (its literal rules, the prefixed ones and `*`), 3 literal, 4 prefixed
   * (KIP-290). Version 0, of brokers before 2.0, has literal rules only. Default 3.
   */
  patternTypeFilter: number
  /** Such as `User:alice`; null for any. */
  principalFilter: string | null
  /** An IP address, or `*` for the rules that hold for every host; null for any. */
  hostFilter: string | null
  /**
   * 1 any, 2 all, 3 read, 4 write, 5 create, 6 delete, 7 alter, 8 describe, 9 cluster action, 10 describe configs,
   * 11 alter configs, 12 idempotent write, 13 create tokens, 14 describe tokens.
   */
  operation: number
  /** 1 any, 2 deny, 3 allow. */
  permissionType: number
}

export interface DescribeAclsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /**
   * SECURITY_DISABLED when the broker has no authorizer, CLUSTER_AUTHORIZATION_FAILED, INVALID_REQUEST for a code it
   * does not know.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  resources: DescribeAclsResource[]
}

/** The rules of one resource pattern. */
export interface DescribeAclsResource {
  resourceType: number
  resourceName: string
  /** 3 literal or 4 prefixed. */
  patternType: number
  acls: DescribeAclsAcl[]
}

export interface DescribeAclsAcl {
  principal: string
  host: string
  operation: number
  permissionType: number
}

const acl = struct<DescribeAclsAcl>({
  principal: string,
  host: string,
  operation: int8,
  permissionType: int8,
})

const resource = struct<DescribeAclsResource>({
  resourceType: int8,
  resourceName: string,
  patternType: int8.since(1).default(3),
  acls: array(acl),
})

export const describeAclsApi: Api<DescribeAclsRequest, DescribeAclsResponse> = {
  name: 'DescribeAcls',
  key: 29,
  request: message<DescribeAclsRequest>({
    name: 'DescribeAclsRequest',
    apiKey: 29,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      resourceTypeFilter: int8,
      resourceNameFilter: nullable(string),
      patternTypeFilter: int8.since(1).default(3),
      principalFilter: nullable(string),
      hostFilter: nullable(string),
      operation: int8,
      permissionType: int8,
    },
  }),
  response: message<DescribeAclsResponse>({
    name: 'DescribeAclsResponse',
    apiKey: 29,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string),
      resources: array(resource),
    },
  }),
}
