import type { Api } from '../api.ts'
import { array, bytes, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks for a delegation token: a name and a secret with which others authenticate as its owner, over SCRAM (KIP-48).
 * Any broker takes it, over a connection that is authenticated, though not by a token. Brokers before 2.0 know version
 * 0 only.
 */
export interface CreateDelegationTokenRequest {
  /** Such as `User`; null when the token is for who asks. Another's needs CreateTokens on that user (KIP-373). */
  ownerPrincipalType: string | null
  /** Null when the token is for who asks. */
  ownerPrincipalName: string | null
  /** Who may renew the token, beside its owner. */
  renewers: CreateDelegationTokenRenewer[]
  /**
   * Longest life, renewals included; -1 for the broker's `delegation.token.max.lifetime.ms`, which is the limit too.
   */
  maxLifetimeMs: bigint
}

export interface CreateDelegationTokenRenewer {
  /** `User` is the one type that brokers accept. */
  principalType: string
  principalName: string
}

export interface CreateDelegationTokenResponse {
  /**
   * DELEGATION_TOKEN_AUTH_DISABLED when the broker has no secret key for tokens, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED
   * when the connection is not authenticated or is so by a token, DELEGATION_TOKEN_AUTHORIZATION_FAILED for another
   * owner, INVALID_PRINCIPAL_TYPE, UNSUPPORTED_VERSION while the cluster's metadata version is too old for tokens.
   * NOT_CONTROLLER, of a controller that is not the active one, is retried.
   */
  errorCode: number
  /** The owner. */
  principalType: string
  principalName: string
  /** Who asked; empty before version 3. */
  tokenRequesterPrincipalType: string
  tokenRequesterPrincipalName: string
  /** Milliseconds since 1970. */
  issueTimestampMs: bigint
  /** Milliseconds since 1970 at which the token ends unless it is renewed. */
  expiryTimestampMs: bigint
  /** Milliseconds since 1970 beyond which no renewal reaches. */
  maxTimestampMs: bigint
  /** The user name to authenticate with. */
  tokenId: string
  /** The secret; in base64 it is the password to authenticate with. */
  hmac: Uint8Array
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
}

const renewer = struct<CreateDelegationTokenRenewer>({
  principalType: string,
  principalName: string,
})

export const createDelegationTokenApi: Api<CreateDelegationTokenRequest, CreateDelegationTokenResponse> = {
  name: 'CreateDelegationToken',
  key: 38,
  request: message<CreateDelegationTokenRequest>({
    name: 'CreateDelegationTokenRequest',
    apiKey: 38,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      ownerPrincipalType: nullable(string, 3).since(3),
      ownerPrincipalName: nullable(string, 3).since(3),
      renewers: array(renewer),
      maxLifetimeMs: int64,
    },
  }),
  response: message<CreateDelegationTokenResponse>({
    name: 'CreateDelegationTokenResponse',
    apiKey: 38,
    versions: { min: 0, max: 3 },
    flexibleFrom: 2,
    fields: {
      errorCode: int16,
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: string.since(3),
      tokenRequesterPrincipalName: string.since(3),
      issueTimestampMs: int64,
      expiryTimestampMs: int64,
      maxTimestampMs: int64,
      tokenId: string,
      hmac: bytes,
      throttleTimeMs: int32,
    },
  }),
}
