import type { Api } from '../api.ts'
import { array, bytes, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks for delegation tokens (KIP-48). A client sees those that it owns or may renew, and others' with Describe on the
 * token or DescribeTokens on their owner (KIP-373). Brokers before 2.0 know version 0 only.
 */
export interface DescribeDelegationTokenRequest {
  /** Tokens that any of these owns or may renew; null for all, while an empty list yields none. */
  owners: DescribeDelegationTokenOwner[] | null
}

export interface DescribeDelegationTokenOwner {
  /** Such as `User`. */
  principalType: string
  principalName: string
}

export interface DescribeDelegationTokenResponse {
  /** DELEGATION_TOKEN_AUTH_DISABLED, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: as of CreateDelegationToken. */
  errorCode: number
  tokens: DescribeDelegationTokenToken[]
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
}

export interface DescribeDelegationTokenToken {
  /** The owner. */
  principalType: string
  principalName: string
  /** Who asked for the token; empty before version 3. */
  tokenRequesterPrincipalType: string
  tokenRequesterPrincipalName: string
  /** Milliseconds since 1970. */
  issueTimestamp: bigint
  /** Milliseconds since 1970 at which the token ends unless it is renewed. */
  expiryTimestamp: bigint
  /** Milliseconds since 1970 beyond which no renewal reaches. */
  maxTimestamp: bigint
  tokenId: string
  /** The secret; in base64 it is the password to authenticate with. */
  hmac: Uint8Array
  renewers: DescribeDelegationTokenRenewer[]
}

export interface DescribeDelegationTokenRenewer {
  principalType: string
  principalName: string
}

const owner = struct<DescribeDelegationTokenOwner>({
  principalType: string,
  principalName: string,
})

const renewer = struct<DescribeDelegationTokenRenewer>({
  principalType: string,
  principalName: string,
})

const token = struct<DescribeDelegationTokenToken>({
  principalType: string,
  principalName: string,
  tokenRequesterPrincipalType: string.since(3),
  tokenRequesterPrincipalName: string.since(3),
  issueTimestamp: int64,
  expiryTimestamp: int64,
  maxTimestamp: int64,
  tokenId: string,
  hmac: bytes,
  renewers: array(renewer),
})

export const describeDelegationTokenApi: Api<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse> = {
  name: 'DescribeDelegationToken',
  key: 41,
  request: message<DescribeDelegationTokenRequest>({
    name: 'DescribeDelegationTokenRequest',
    apiKey: 41,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      owners: nullable(array(owner)),
    },
  }),
  response: message<DescribeDelegationTokenResponse>({
    name: 'DescribeDelegationTokenResponse',
    apiKey: 41,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      errorCode: int16,
      tokens: array(token),
      throttleTimeMs: int32,
    },
  }),
}
