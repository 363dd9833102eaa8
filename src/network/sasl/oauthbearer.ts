import { AuthenticationError, ConfigError } from '../../errors.ts'
import { decodeUtf8, encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
import { peerText } from './peer-text.ts'
import type { ReadyToken, TokenProvider } from './token.ts'

/** What goes to the broker besides the token (KIP-342). */
export interface SaslExtensions {
  /** Any name of letters but `auth`, and values of printable ASCII. */
  extensions?: Readonly<Record<string, string>> | undefined
  /** Confluent Cloud: the cluster, `lkc-…`. Short for the extension `logicalCluster`. */
  logicalCluster?: string | undefined
  /** Confluent Cloud: the identity pool, `pool-…`. Short for the extension `identityPoolId`. */
  identityPoolId?: string | undefined
}

/** Separates the parts of the client's message, and alone says that an error was understood (RFC 7628). */
const SEPARATOR = '\u0001'

/** OAUTHBEARER (RFC 7628, KIP-255): one message with a token, which the broker checks. */
export class OAuthBearerMechanism implements SaslMechanism {
  readonly name = 'OAUTHBEARER'
  readonly remedy: string
  readonly #tokens: TokenProvider
  readonly #extensions: Readonly<Record<string, string>>

  constructor(
    tokens: TokenProvider,
    extensions: SaslExtensions = {},
    remedy = "check the token's issuer, audience, scope and expiry, and the clocks",
  ) {
    this.#tokens = tokens
    this.#extensions = extensionsOf(extensions)
    this.remedy = remedy
    const complaint = extensionFault(this.#extensions)
    if (complaint !== undefined) throw new ConfigError('extensions', complaint)
  }

  authenticate(context: SaslContext): SaslExchange {
    return new OAuthBearerExchange(this.#tokens, this.#extensions, context)
  }
}

function extensionsOf(options: SaslExtensions): Record<string, string> {
  const all: Record<string, string> = { ...options.extensions }
  for (const name of ['logicalCluster', 'identityPoolId'] as const) {
    const value = options[name]
    if (value !== undefined) all[name] = value
  }
  return all
}

/** What is wrong with a set of extensions; undefined when nothing is. Values may be secret and are not shown. */
export function extensionFault(extensions: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(extensions)) {
    if (name === 'auth') return 'the SASL extension auth is reserved: the token goes there'
    if (!/^[A-Za-z]+$/.test(name))
      return `the SASL extension ${JSON.stringify(peerText(name))} must have a name of ASCII letters only`
    if (typeof value !== 'string' || !/^[\x21-\x7e \t\r\n]+$/.test(value)) {
      return `the SASL extension ${name} must have a value of printable ASCII that is not empty`
    }
  }
  return undefined
}

class OAuthBearerExchange implements SaslExchange {
  readonly #tokens: TokenProvider
  readonly #extensions: Readonly<Record<string, string>>
  readonly #context: SaslContext
  #token: ReadyToken | undefined
  #failure: string | undefined

  constructor(tokens: TokenProvider, extensions: Readonly<Record<string, string>>, context: SaslContext) {
    this.#tokens = tokens
    this.#extensions = extensions
    this.#context = context
  }

  /** The broker's JSON about what is wrong with the token. */
  get failure(): string | undefined {
    return this.#failure
  }

  async next(challenge: Uint8Array | undefined): Promise<SaslStep> {
    const { host, port, signal } = this.#context
    if (this.#token === undefined) {
      this.#token = await this.#tokens.token({ host, signal })
      return { response: encodeUtf8(this.#message(this.#token)), isComplete: false }
    }
    if (this.#failure !== undefined) {
      throw new AuthenticationError(
        `broker ${host}:${port} refused the OAUTHBEARER token: ${this.#failure}`,
        'OAUTHBEARER',
      )
    }
    if (challenge === undefined || challenge.length === 0) return { isComplete: true }
    this.#failure = peerText(decodeUtf8(challenge, 0, challenge.length))
    this.refused()
    return { response: encodeUtf8(SEPARATOR), isComplete: false }
  }

  /** Not every broker sends JSON first. */
  refused(): void {
    if (this.#token !== undefined) this.#tokens.refuse(this.#token)
  }

  #message({ value, extensions }: ReadyToken): string {
    const complaint = extensionFault(extensions)
    if (complaint !== undefined) throw new AuthenticationError(`the token cannot be used: ${complaint}`, 'OAUTHBEARER')
    const parts = [`auth=Bearer ${value}`]
    for (const [name, text] of Object.entries({ ...this.#extensions, ...extensions })) parts.push(`${name}=${text}`)
    return `n,,${SEPARATOR}${parts.join(SEPARATOR)}${SEPARATOR}${SEPARATOR}`
  }
}
