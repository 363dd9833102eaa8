import type { Api } from '../api.ts'
import { array, int16, message, string } from '../schema.ts'

/**
 * Names the SASL mechanism that the client is about to use on this connection (KIP-43). After version 0 the mechanism's
 * tokens follow as bare size-prefixed frames without any header; after version 1 each is a SaslAuthenticate (KIP-152).
 * Only ApiVersions may come before it. Flexible versions never came: clients up to 2.4 pick a wrong version then
 * (KAFKA-9577).
 */
export interface SaslHandshakeRequest {
  /** IANA's name, such as `PLAIN`, `SCRAM-SHA-512`, `OAUTHBEARER` or `GSSAPI`. */
  mechanism: string
}

export interface SaslHandshakeResponse {
  /**
   * UNSUPPORTED_SASL_MECHANISM: choose one of `mechanisms`, the broker closes the connection. ILLEGAL_SASL_STATE: no
   * handshake is due here, most often since the listener has no SASL.
   */
  errorCode: number
  /** What the listener accepts; filled after an error too. */
  mechanisms: string[]
}

export const saslHandshakeApi: Api<SaslHandshakeRequest, SaslHandshakeResponse> = {
  name: 'SaslHandshake',
  key: 17,
  request: message<SaslHandshakeRequest>({
    name: 'SaslHandshakeRequest',
    apiKey: 17,
    versions: { min: 0, max: 1 },
    flexibleFrom: null,
    fields: {
      mechanism: string,
    },
  }),
  response: message<SaslHandshakeResponse>({
    name: 'SaslHandshakeResponse',
    apiKey: 17,
    versions: { min: 0, max: 1 },
    flexibleFrom: null,
    fields: {
      errorCode: int16,
      mechanisms: array(string),
    },
  }),
}
