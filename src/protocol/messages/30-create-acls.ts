import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Adds access rules (KIP-140). Any broker takes it. Needs Alter on the cluster; a rule that is there already is no
 * error.
 */
export interface CreateAclsRequest {
  creations: CreateAclsCreation[]
}

/** One rule. Codes are those of DescribeAcls, without its `any` and `match`. */
export interface CreateAclsCreation {
  resourceType: number
  /** `*` together with the literal pattern stands for every resource of the type. */
  resourceName: string
  /** 3 literal or 4 prefixed; brokers before 2.0 have literal only, as version 0 does. Default 3. */
  resourcePatternType: number
  /** Such as `User:alice`, or `User:*` for everybody. */
  principal: string
  /** An IP address, or `*` for every host. */
  host: string
  operation: number
  /** 2 deny or 3 allow. */
  permissionType: number
}

export interface CreateAclsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  /** One for each rule, in the order of the request. */
  results: CreateAclsResult[]
}

export interface CreateAclsResult {
  /**
   * INVALID_REQUEST for a rule that is incomplete or has a code that only filters may have, SECURITY_DISABLED when
   * there is no authorizer, CLUSTER_AUTHORIZATION_FAILED. NOT_CONTROLLER, of a controller that is not the active one,
   * is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
}

const creation = struct<CreateAclsCreation>({
  resourceType: int8,
  resourceName: string,
  resourcePatternType: int8.since(1).default(3),
  principal: string,
  host: string,
  operation: int8,
  permissionType: int8,
})

const result = struct<CreateAclsResult>({
  errorCode: int16,
  errorMessage: nullable(string),
})

export const createAclsApi: Api<CreateAclsRequest, CreateAclsResponse> = {
  name: 'CreateAcls',
  key: 30,
  request: message<CreateAclsRequest>({
    name: 'CreateAclsRequest',
    apiKey: 30,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      creations: array(creation),
    },
  }),
  response: message<CreateAclsResponse>({
    name: 'CreateAclsResponse',
    apiKey: 30,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      results: array(result),
    },
  }),
}
