import type { Api } from '../api.ts'
import { bytes, int16, int32, int64, message } from '../schema.ts'

/**
 * Brings the end of a delegation token forward, or removes the token at once (KIP-48). Its owner and its renewers may,
 * over a connection that is not authenticated by a token. Brokers before 2.0 know version 0 only.
 */
export interface ExpireDelegationTokenRequest {
  /** The token's secret. */
  hmac: Uint8Array
  /** Milliseconds from now, up to the longest life that the token was made with; negative to remove it at once. */
  expiryTimePeriodMs: bigint
}

export interface ExpireDelegationTokenResponse {
  /**
   * DELEGATION_TOKEN_NOT_FOUND, DELEGATION_TOKEN_EXPIRED, DELEGATION_TOKEN_OWNER_MISMATCH when the client is neither
   * owner nor renewer, DELEGATION_TOKEN_AUTH_DISABLED, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, UNSUPPORTED_VERSION while
   * the cluster's metadata version is too old for tokens. NOT_CONTROLLER, of a controller that is not the active one,
   * is retried.
   */
  errorCode: number
  /** The new end, in milliseconds since 1970. */
  expiryTimestampMs: bigint
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
}

export const expireDelegationTokenApi: Api<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse> = {
  name: 'ExpireDelegationToken',
  key: 40,
  request: message<ExpireDelegationTokenRequest>({
    name: 'ExpireDelegationTokenRequest',
    apiKey: 40,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      hmac: bytes,
      expiryTimePeriodMs: int64,
    },
  }),
  response: message<ExpireDelegationTokenResponse>({
    name: 'ExpireDelegationTokenResponse',
    apiKey: 40,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      errorCode: int16,
      expiryTimestampMs: int64,
      throttleTimeMs: int32,
    },
  }),
}
