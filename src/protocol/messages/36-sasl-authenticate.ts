import type { Api } from '../api.ts'
import { bytes, int16, int64, message, nullable, string } from '../schema.ts'

/**
 * Carries one token of the SASL mechanism that SaslHandshake version 1 agreed on (KIP-152), on a new connection or to
 * re-authenticate.
 */
export interface SaslAuthenticateRequest {
  /** The client's token. Holds credentials: keep it out of logs. */
  authBytes: Uint8Array
}

export interface SaslAuthenticateResponse {
  /**
   * SASL_AUTHENTICATION_FAILED: the credentials are wrong, or a re-authentication came with another principal or
   * mechanism; the broker closes the connection after it. ILLEGAL_SASL_STATE: no handshake came before.
   */
  errorCode: number
  /** What the broker gives away about the failure; null when there is none. */
  errorMessage: string | null
  /** The server's token; empty when it has nothing more to say. */
  authBytes: Uint8Array
  /**
   * Milliseconds after which the broker closes the connection unless the client re-authenticates on it; 0 for never
   * (KIP-368).
   */
  sessionLifetimeMs: bigint
}

export const saslAuthenticateApi: Api<SaslAuthenticateRequest, SaslAuthenticateResponse> = {
  name: 'SaslAuthenticate',
  key: 36,
  request: message<SaslAuthenticateRequest>({
    name: 'SaslAuthenticateRequest',
    apiKey: 36,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      authBytes: bytes,
    },
  }),
  response: message<SaslAuthenticateResponse>({
    name: 'SaslAuthenticateResponse',
    apiKey: 36,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      errorCode: int16,
      errorMessage: nullable(string),
      authBytes: bytes,
      sessionLifetimeMs: int64.since(1).ignorable(),
    },
  }),
}
