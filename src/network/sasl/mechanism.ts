/** Whom an exchange is with, and why. */
export interface SaslContext {
  /** Host as it was connected to. GSSAPI makes the broker's principal of it: `kafka/host`. */
  readonly host: string
  readonly port: number
  /** Whether the connection is in use already and only its session is renewed (KIP-368). */
  readonly isReauthentication: boolean
  /** Ends the attempt: what waits for a token server or a key store can stop. */
  readonly signal?: AbortSignal | undefined
}

/** What an exchange does with a token of the broker. */
export interface SaslStep {
  /** Bytes to send next, empty ones included. Undefined to send nothing, which only the last step may do. */
  readonly response?: Uint8Array | undefined
  /**
   * Whether the client's side is done: it has sent all it has to, and has verified what the broker has to prove. The broker
   * still answers the last response; that answer is checked for an error code, and its token is dropped.
   */
  readonly isComplete: boolean
}

/** One run of a mechanism over one connection. Not used again after its last step or an error. */
export interface SaslExchange {
  /**
   * Takes the broker's token and makes the next one. The first call gets undefined, since the client speaks first in every
   * mechanism that Kafka knows; a mechanism that waits for the broker answers it with an empty response.
   * Throws AuthenticationError when the broker's token cannot be accepted; any other error becomes the cause of one.
   */
  next(challenge: Uint8Array | undefined): SaslStep | Promise<SaslStep>
  /** What the broker's tokens said is wrong, if they did: told in the error when the broker refuses without words. */
  readonly failure?: string | undefined
  /** Called when the broker answers a response with an error: what was fetched for this exchange is not to be used again. */
  refused?(): void
}

/**
 * A way to prove to a broker who the client is (RFC 4422). Implement it to bring one that kafkawire does not have, such as
 * GSSAPI: its steps pass the tokens of a Kerberos library on, and the last one answers the broker's offer of a security layer
 * with `no layer`, wrapped, since Kafka never protects data through SASL.
 *
 * A mechanism is shared by all connections, so that it holds credentials but no state of an exchange. Keep the credentials
 * in `#private` fields, where neither `inspect` nor `JSON.stringify` finds them, and out of the messages of errors.
 */
export interface SaslMechanism {
  /** IANA's name, as the broker's sasl.enabled.mechanisms has it: `GSSAPI`. */
  readonly name: string
  /** What to check when the broker refuses, as the end of a sentence: `check username and password`. */
  readonly remedy?: string | undefined
  /** Begins an exchange. It must not wait for anything: the exchange's first step may. */
  authenticate(context: SaslContext): SaslExchange
}
