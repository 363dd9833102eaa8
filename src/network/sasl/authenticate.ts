import { AuthenticationError, KafkaError, UnsupportedVersionError } from '../../errors.ts'
import type { Api } from '../../protocol/api.ts'
import { ERROR, errorOf } from '../../protocol/error-codes.ts'
import { saslHandshakeApi } from '../../protocol/messages/17-sasl-handshake.ts'
import { saslAuthenticateApi } from '../../protocol/messages/36-sasl-authenticate.ts'
import type { Encodable } from '../../protocol/schema.ts'
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
import { peerText } from './peer-text.ts'

/** What an authentication needs of a connection; a Connection has it. */
export interface SaslChannel {
  /** The version that requests of an API use. Throws UnsupportedVersionError when the broker has none in common. */
  versionOf<Request extends object, Response extends object>(api: Api<Request, Response>): number
  /** Sends a request and resolves with its response, whatever error codes that holds. */
  request<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    body: Encodable<NoInfer<Request>>,
    options?: { maxVersion?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<Response>
  /**
   * Sends a token as a size-prefixed frame without any header, and resolves with the frame that answers it, or with nothing
   * at once when none is expected. Kafka before 1.0 takes tokens so; without this method those brokers are refused.
   */
  readonly exchangeToken?:
    | ((token: Uint8Array, expectsAnswer: boolean, signal: AbortSignal | undefined) => Promise<Uint8Array>)
    | undefined
}

/** What came of an authentication. */
export interface SaslSession {
  /** Milliseconds after which the broker closes the connection unless the client re-authenticates; undefined for never (KIP-368). */
  readonly lifetimeMs: number | undefined
}

/** An answer to a token. */
interface Answer {
  token: Uint8Array
  lifetimeMs: number | undefined
}

/** Brings one token to the broker; undefined where the broker has nothing to answer. */
type SendToken = (step: SaslStep & { response: Uint8Array }, exchange: SaslExchange) => Promise<Answer | undefined>

/**
 * Proves to the broker at the other end of a channel who the client is: SaslHandshake, then the mechanism's tokens, on a new
 * connection or, for the same mechanism and user, on one in use (KIP-43, KIP-152, KIP-368).
 * Throws AuthenticationError naming the mechanism, what the broker said and what to check; UnsupportedVersionError; what the
 * channel throws; or the signal's reason. After an error the connection is of no use.
 */
export async function authenticate(
  mechanism: SaslMechanism,
  channel: SaslChannel,
  context: SaslContext,
): Promise<SaslSession> {
  const hasHeaders = offersSaslAuthenticate(channel)
  await shakeHands(mechanism, channel, context, hasHeaders ? 1 : 0)
  const send = hasHeaders ? withHeaders(mechanism, channel, context) : withoutHeaders(channel, context)
  const exchange = mechanism.authenticate(context)
  let answer: Answer | undefined
  for (;;) {
    context.signal?.throwIfAborted()
    const { response, isComplete } = await nextStep(mechanism, exchange, answer?.token, context)
    if (response === undefined && !isComplete) {
      throw new AuthenticationError(`the mechanism ${mechanism.name} neither answers nor ends`, mechanism.name)
    }
    if (response !== undefined) answer = await send({ response, isComplete }, exchange)
    if (isComplete) return { lifetimeMs: answer?.lifetimeMs }
  }
}

/** Time that requests written before a session ends have to be read by the broker: it hangs up at those it reads later. */
const SESSION_SLACK_MS = 1000
/** Brokers refuse a login less than a second after the one before. */
const LEAST_PERIOD_MS = 1100

/**
 * When to re-authenticate, in milliseconds from the authentication: at 85 to 95 % of the session's lifetime, at random, so that
 * the clients of a broker that was restarted do not come all at once (Java: SaslClientAuthenticator). Sessions of some seconds
 * are renewed earlier than Java does, so that a broker or network that is slow for a moment does not cost the connection.
 */
export function reauthenticationDelayMs(lifetimeMs: number): number {
  const inTime = 1 - SESSION_SLACK_MS / lifetimeMs
  const earliest = Math.min(0.85, Math.max(inTime - 0.05, 0.65, LEAST_PERIOD_MS / lifetimeMs))
  const latest = Math.min(0.95, Math.max(inTime, earliest + 0.05))
  return Math.floor(lifetimeMs * (earliest + Math.random() * (latest - earliest)))
}

function offersSaslAuthenticate(channel: SaslChannel): boolean {
  try {
    channel.versionOf(saslAuthenticateApi)
    return true
  } catch (error) {
    if (error instanceof UnsupportedVersionError && channel.exchangeToken !== undefined) return false
    throw error
  }
}

async function shakeHands(
  mechanism: SaslMechanism,
  channel: SaslChannel,
  { host, port, signal }: SaslContext,
  maxVersion: number,
): Promise<void> {
  const { name } = mechanism
  const { errorCode, mechanisms } = await channel.request(saslHandshakeApi, { mechanism: name }, { maxVersion, signal })
  if (errorCode === ERROR.NONE) return
  const broker = `broker ${host}:${port}`
  if (errorCode === ERROR.UNSUPPORTED_SASL_MECHANISM) {
    const offered = mechanisms.length === 0 ? 'none' : peerText(mechanisms.join(', '))
    throw new AuthenticationError(`${broker} does not accept ${name} on this listener: it accepts ${offered}`, name)
  }
  if (errorCode === ERROR.ILLEGAL_SASL_STATE) {
    throw new AuthenticationError(
      `${broker} does not expect SASL on this listener: leave the sasl option out, or connect to the port of a SASL listener`,
      name,
    )
  }
  const { name: error, message, retriable } = errorOf(errorCode)
  throw new AuthenticationError(`${broker} refused to begin ${name}: ${error} (${errorCode}): ${message}`, name, {
    retriable,
  })
}

/** Tokens as SaslAuthenticate requests: since Kafka 1.0. */
function withHeaders(mechanism: SaslMechanism, channel: SaslChannel, { host, port, signal }: SaslContext): SendToken {
  const { name, remedy } = mechanism
  return async ({ response: authBytes }, exchange) => {
    const answer = await channel.request(saslAuthenticateApi, { authBytes }, { signal })
    const { errorCode, errorMessage, sessionLifetimeMs } = answer
    if (errorCode !== ERROR.NONE) {
      exchange.refused?.()
      const { name: error, message, retriable } = errorOf(errorCode)
      const said = peerText(errorMessage ?? '') || exchange.failure || `${error}: ${message}`
      const isRefusal = errorCode === ERROR.SASL_AUTHENTICATION_FAILED
      const advice = isRefusal && remedy !== undefined ? `: ${remedy}` : ''
      throw new AuthenticationError(`broker ${host}:${port} refused ${name}: ${said}${advice}`, name, { retriable })
    }
    return { token: answer.authBytes, lifetimeMs: sessionLifetimeMs > 0n ? Number(sessionLifetimeMs) : undefined }
  }
}

/** Tokens as bare frames: up to Kafka 0.11, which closes the connection when it refuses one. */
function withoutHeaders(channel: SaslChannel, { signal }: SaslContext): SendToken {
  let isFirst = true
  return async ({ response, isComplete }) => {
    // The broker answers every token but the one it needs no answer to: the last of a longer exchange.
    const expectsAnswer = isFirst || !isComplete
    isFirst = false
    const token = await channel.exchangeToken!(response, expectsAnswer, signal)
    return { token, lifetimeMs: undefined }
  }
}

async function nextStep(
  { name }: SaslMechanism,
  exchange: SaslExchange,
  challenge: Uint8Array | undefined,
  { host, port, signal }: SaslContext,
): Promise<SaslStep> {
  try {
    return await exchange.next(challenge)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof KafkaError) throw error
    // Whatever a mechanism or function of the user throws may have credentials in its message.
    throw new AuthenticationError(`${name} failed on this side for broker ${host}:${port}, see the cause`, name, {
      cause: error,
    })
  }
}
