import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks which SCRAM credentials users have, never for the secrets (KIP-554). Any broker answers. Needs Describe on the
 * cluster.
 */
export interface DescribeUserScramCredentialsRequest {
  /** Null or empty for all users. */
  users: DescribeUserScramCredentialsUser[] | null
}

export interface DescribeUserScramCredentialsUser {
  name: string
}

export interface DescribeUserScramCredentialsResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /** CLUSTER_AUTHORIZATION_FAILED. */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  results: DescribeUserScramCredentialsResult[]
}

export interface DescribeUserScramCredentialsResult {
  user: string
  /** RESOURCE_NOT_FOUND when the user has no credentials, DUPLICATE_RESOURCE when the request names the user twice. */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  /** One for each mechanism. */
  credentialInfos: DescribeUserScramCredentialsInfo[]
}

export interface DescribeUserScramCredentialsInfo {
  /** 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  mechanism: number
  iterations: number
}

const user = struct<DescribeUserScramCredentialsUser>({
  name: string,
})

const info = struct<DescribeUserScramCredentialsInfo>({
  mechanism: int8,
  iterations: int32,
})

const result = struct<DescribeUserScramCredentialsResult>({
  user: string,
  errorCode: int16,
  errorMessage: nullable(string),
  credentialInfos: array(info),
})

export const describeUserScramCredentialsApi: Api<
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse
> = {
  name: 'DescribeUserScramCredentials',
  key: 50,
  request: message<DescribeUserScramCredentialsRequest>({
    name: 'DescribeUserScramCredentialsRequest',
    apiKey: 50,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      users: nullable(array(user)),
    },
  }),
  response: message<DescribeUserScramCredentialsResponse>({
    name: 'DescribeUserScramCredentialsResponse',
    apiKey: 50,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string),
      results: array(result),
    },
  }),
}
