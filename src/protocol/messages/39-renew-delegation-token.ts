import type { Api } from '../api.ts'
import { bytes, int16, int32, int64, message } from '../schema.ts'

/**
 * Puts off the end of a delegation token (KIP-48), within the longest life it was made with. Its owner and its renewers
 * may, over a connection that is not authenticated by a token. Brokers before 2.0 know version 0 only.
 */
export interface RenewDelegationTokenRequest {
  /** The token's secret. */
  hmac: Uint8Array
  /** Milliseconds from now; -1 for the broker's `delegation.token.expiry.time.ms`, which is the limit too. */
  renewPeriodMs: bigint
}

export interface RenewDelegationTokenResponse {
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

export const renewDelegationTokenApi: Api<RenewDelegationTokenRequest, RenewDelegationTokenResponse> = {
  name: 'RenewDelegationToken',
  key: 39,
  request: message<RenewDelegationTokenRequest>({
    name: 'RenewDelegationTokenRequest',
    apiKey: 39,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      hmac: bytes,
      renewPeriodMs: int64,
    },
  }),
  response: message<RenewDelegationTokenResponse>({
    name: 'RenewDelegationTokenResponse',
    apiKey: 39,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      errorCode: int16,
      expiryTimestampMs: int64,
      throttleTimeMs: int32,
    },
  }),
}
