import { AuthenticationError, ConfigError } from '../../errors.ts'
import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { encodeBase64 } from './base64.ts'
import { hash, type HashName, hmac, isEqual, pbkdf2, randomText } from './crypto.ts'
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
import { peerText } from './peer-text.ts'
import { readServerFinal, readServerFirst, saslName } from './scram-messages.ts'
import { readSecret, type Secret } from './secret.ts'

export type ScramName = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** Whom SCRAM proves the client to be, and what it accepts of the broker. */
export interface ScramCredentials {
  /** Kafka accepts ASCII only. For a delegation token: its id. */
  username: string
  /** Taken as its UTF-8 bytes, without SASLprep, as Kafka does. For a delegation token: its HMAC, in Base64. */
  password: Secret
  /** Whether the two above are of a delegation token (KIP-48). Default false. */
  tokenAuth?: boolean | undefined
  /**
   * Most iterations to do for a broker, so that a hostile one cannot keep the client busy. Default 16,384, which is also the
   * most that Kafka has let users be set up with since 2.7.
   */
  maxIterations?: number | undefined
}

/** Fewer would make a password that was overheard too easy to guess (RFC 7677; Java: ScramMechanism). */
const MIN_ITERATIONS = 4096
export const DEFAULT_MAX_ITERATIONS = 16_384

/** SCRAM (RFC 5802, KIP-84): proves that both sides know the password without showing it. */
export class ScramMechanism implements SaslMechanism {
  readonly name: ScramName
  readonly remedy: string
  readonly #credentials: ScramCredentials
  readonly #nonce: () => string

  /** @param nonce - makes the client's nonces; for tests that know the answers. */
  constructor(name: ScramName, credentials: ScramCredentials, nonce: () => string = randomText) {
    const { username, tokenAuth } = credentials
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    const isAscii = /^[\u0001-\u007f]*$/.test(username)
    if (!isAscii && !username.isWellFormed()) {
      throw new ConfigError(
        'username',
        'username has half of a character that is made of two, which UTF-8 cannot carry',
      )
    }
    this.name = name
    this.remedy =
      tokenAuth === true
        ? 'check that the delegation token has not expired, and that its HMAC is the password'
        : isAscii
          ? `check username and password, and that the user is set up for ${name}`
          : 'Kafka accepts only ASCII in the user names of SCRAM'
    this.#credentials = credentials
    this.#nonce = nonce
  }

  authenticate(context: SaslContext): SaslExchange {
    return new ScramExchange(this.name, this.#credentials, this.#nonce(), context)
  }
}

type State = 'first' | 'challenged' | 'proven' | 'done'

class ScramExchange implements SaslExchange {
  readonly #name: ScramName
  readonly #hash: HashName
  readonly #credentials: ScramCredentials
  readonly #nonce: string
  readonly #peer: string
  #state: State = 'first'
  #clientFirstBare = ''
  #serverSignature: Uint8Array | undefined

  constructor(name: ScramName, credentials: ScramCredentials, nonce: string, { host, port }: SaslContext) {
    this.#name = name
    this.#hash = name === 'SCRAM-SHA-256' ? 'sha256' : 'sha512'
    this.#credentials = credentials
    this.#nonce = nonce
    this.#peer = `broker ${host}:${port}`
  }

  async next(challenge: Uint8Array | undefined): Promise<SaslStep> {
    const token = challenge ?? new Uint8Array()
    if (this.#state === 'first') {
      this.#state = 'challenged'
      return { response: encodeUtf8(`n,,${this.#begin()}`), isComplete: false }
    }
    if (this.#state === 'challenged') {
      this.#state = 'proven'
      return { response: encodeUtf8(await this.#prove(token)), isComplete: false }
    }
    if (this.#state === 'done') throw this.#error(`${this.#peer} goes on after the end of the exchange`)
    this.#state = 'done'
    this.#verify(token)
    return { isComplete: true }
  }

  #begin(): string {
    const { username, tokenAuth } = this.#credentials
    this.#clientFirstBare = `n=${saslName(username)},r=${this.#nonce}${tokenAuth === true ? ',tokenauth=true' : ''}`
    return this.#clientFirstBare
  }

  async #prove(challenge: Uint8Array): Promise<string> {
    const { password, maxIterations = DEFAULT_MAX_ITERATIONS } = this.#credentials
    const first = readServerFirst(challenge)
    if (first === undefined) throw this.#error(`${this.#peer} answered with something else than a SCRAM challenge`)
    if ('error' in first) throw this.#refused(first.error)
    const { signed, nonce, salt, iterations } = first
    if (!nonce.startsWith(this.#nonce)) {
      throw this.#error(`${this.#peer} answered with a nonce that does not begin with the client's`)
    }
    if (iterations < MIN_ITERATIONS) {
      throw this.#error(
        `${this.#peer} asks for ${iterations} iterations, but fewer than ${MIN_ITERATIONS} are not safe: set the user up with more`,
      )
    }
    if (iterations > maxIterations) {
      throw this.#error(
        `${this.#peer} asks for ${iterations} iterations, more than the ${maxIterations} that maxIterations allows: raise it if the user is really set up so`,
      )
    }
    const text = await readSecret(password, 'password', this.#name)
    const salted = await pbkdf2(this.#hash, encodeUtf8(text), salt, iterations)
    // `biws` is `n,,` in Base64: no channel binding, no other identity.
    const withoutProof = `c=biws,r=${nonce}`
    const authMessage = `${this.#clientFirstBare},${signed},${withoutProof}`
    const clientKey = hmac(this.#hash, salted, 'Client Key')
    const clientSignature = hmac(this.#hash, hash(this.#hash, clientKey), authMessage)
    const proof = clientKey.map((byte, i) => byte ^ clientSignature[i]!)
    this.#serverSignature = hmac(this.#hash, hmac(this.#hash, salted, 'Server Key'), authMessage)
    return `${withoutProof},p=${encodeBase64(proof)}`
  }

  #verify(challenge: Uint8Array): void {
    const final = readServerFinal(challenge)
    if (final === undefined) throw this.#error(`${this.#peer} ended with something else than a SCRAM signature`)
    if (final.error !== undefined) throw this.#refused(final.error)
    if (isEqual(final.signature, this.#serverSignature!)) return
    throw this.#error(
      `${this.#peer} sent a wrong signature: it does not know the password and may be an impostor, so the connection is not used`,
    )
  }

  #refused(error: string): AuthenticationError {
    return this.#error(`${this.#peer} refused ${this.#name}: ${peerText(error)}`)
  }

  #error(message: string): AuthenticationError {
    return new AuthenticationError(message, this.#name)
  }
}
