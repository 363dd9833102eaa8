import { ConfigError } from '../errors.ts'
import {
  type AssertionFunction,
  type AssertionOptions,
  assertionFile,
  signedAssertion,
} from '../network/sasl/jwt-assertion.ts'
import type { SaslMechanism } from '../network/sasl/mechanism.ts'
import { saslMechanism } from '../network/sasl/options.ts'
import type { OidcOptions } from '../network/sasl/oidc.ts'
import type { TokenRefresh } from '../network/sasl/token-cache.ts'
import { tokenFile } from '../network/sasl/token-file.ts'
import { unsecuredToken } from '../network/sasl/unsecured-token.ts'
import type { JaasModule } from './jaas.ts'
import type { PropertySet } from './property-set.ts'
import type { ReadFile } from './tls.ts'
import { asFlag, asInteger, asMilliseconds } from './values.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Java's classes that this is the equal of. Anything else brings tokens from elsewhere, which takes a token function here. */
const KNOWN_HANDLERS = new Set(['OAuthBearerLoginCallbackHandler', 'OAuthBearerUnsecuredLoginCallbackHandler'])
const KNOWN_RETRIEVERS = new Set([
  'DefaultJwtRetriever',
  'ClientCredentialsJwtRetriever',
  'JwtBearerJwtRetriever',
  'FileJwtRetriever',
])

/** OAUTHBEARER by the settings of Java (KIP-768, KIP-1139, KIP-1258) and of librdkafka. */
export function oauthBearerOf(
  properties: PropertySet,
  jaas: JaasModule | undefined,
  readFile: ReadFile | undefined,
): SaslMechanism {
  knownClass(properties, 'sasl.login.callback.handler.class', KNOWN_HANDLERS)
  const retriever = knownClass(properties, 'sasl.oauthbearer.jwt.retriever.class', KNOWN_RETRIEVERS)
  properties.take('sasl.oauthbearer.method')
  const extensions = extensionsOf(properties, jaas)
  const refresh = refreshOf(properties)
  const endpoint = properties.take('sasl.oauthbearer.token.endpoint.url')
  if (endpoint === undefined || endpoint === '') {
    const token = unsecuredOf(properties, jaas)
    return saslMechanism({ mechanism: 'OAUTHBEARER', token, refresh, extensions })
  }
  if (endpoint.startsWith('file:')) {
    const path = decodeURIComponent(new URL(endpoint).pathname)
    if (readFile === undefined) return saslMechanism({ mechanism: 'OAUTHBEARER', file: path, extensions })
    return saslMechanism({ mechanism: 'OAUTHBEARER', token: tokenFile(path, asyncRead(readFile)), refresh, extensions })
  }
  const oidc = oidcOf(properties, jaas, endpoint, retriever, readFile)
  return saslMechanism({ mechanism: 'OAUTHBEARER', oidc, refresh, extensions })
}

function knownClass(properties: PropertySet, name: string, known: ReadonlySet<string>): string | undefined {
  const className = properties.take(name)?.split('.').at(-1)
  if (className === undefined || className === '' || known.has(className)) return className
  throw new ConfigError(
    name,
    `${name} names ${className}, a class of Java that gets tokens: give a mechanism with your own token function as sasl`,
  )
}

function oidcOf(
  properties: PropertySet,
  jaas: JaasModule | undefined,
  tokenEndpointUrl: string,
  retriever: string | undefined,
  readFile: ReadFile | undefined,
): OidcOptions {
  const text = (jaasName: string, ...names: string[]): string | undefined =>
    properties.take(...names) || jaas?.options.get(jaasName) || undefined
  const isBearer =
    properties.take('sasl.oauthbearer.grant.type') === JWT_BEARER || retriever === 'JwtBearerJwtRetriever'
  const urlEncode = properties.find('sasl.oauthbearer.header.urlencode')
  const connectMs = number(properties, 'sasl.login.connect.timeout.ms')
  const readMs = number(properties, 'sasl.login.read.timeout.ms')
  const clientSecret = text(
    'clientSecret',
    'sasl.oauthbearer.client.credentials.client.secret',
    'sasl.oauthbearer.client.secret',
  )
  const assertion = assertionOf(properties, readFile)
  return {
    tokenEndpointUrl,
    clientId: text('clientId', 'sasl.oauthbearer.client.credentials.client.id', 'sasl.oauthbearer.client.id'),
    clientSecret,
    assertion,
    grantType: isBearer ? 'jwt-bearer' : 'client_credentials',
    scope: text('scope', 'sasl.oauthbearer.scope'),
    urlEncodeHeader: urlEncode === undefined ? undefined : asFlag.convert(urlEncode.value, urlEncode.name),
    requestTimeoutMs: connectMs === undefined && readMs === undefined ? undefined : (connectMs ?? 0) + (readMs ?? 0),
    retryBackoffMs: number(properties, 'sasl.login.retry.backoff.ms'),
    retryBackoffMaxMs: number(properties, 'sasl.login.retry.backoff.max.ms'),
  }
}

/** A file with an assertion goes before a key to sign one with, and either before a secret, as in Java. */
function assertionOf(properties: PropertySet, readFile: ReadFile | undefined): AssertionFunction | undefined {
  const prefix = 'sasl.oauthbearer.assertion'
  const file = properties.take(`${prefix}.file`)
  const keyFile = properties.take(`${prefix}.private.key.file`)
  const keyPem = properties.take(`${prefix}.private.key.pem`)
  const template = properties.find(`${prefix}.template.file`, `${prefix}.jwt.template.file`)
  const lifetimeMs = number(properties, `${prefix}.claim.exp.seconds`, 1000)
  const notBeforeMs = number(properties, `${prefix}.claim.nbf.seconds`, 1000)
  const hasId = properties.find(`${prefix}.claim.jti.include`)
  const options: Omit<AssertionOptions, 'privateKey'> = {
    algorithm: (properties.take(`${prefix}.algorithm`) || undefined) as AssertionOptions['algorithm'],
    passphrase: properties.take(`${prefix}.private.key.passphrase`) || undefined,
    issuer: properties.take(`${prefix}.claim.iss`) || undefined,
    subject: properties.take(`${prefix}.claim.sub`) || undefined,
    audience: properties.take(`${prefix}.claim.aud`) || undefined,
    lifetimeMs,
    notBeforeMs,
    hasId: hasId === undefined ? false : asFlag.convert(hasId.value, hasId.name),
  }
  const read = readFile === undefined ? undefined : asyncRead(readFile)
  if (file) return assertionFile(file, read)
  if (!keyFile && !keyPem) return undefined
  const privateKey = keyFile ? assertionFile(keyFile, read) : keyPem!
  return signedAssertion({ ...options, ...templateOf(template, readFile), privateKey })
}

/** Headers and claims that Java's template file adds. */
function templateOf(
  template: { name: string; value: string } | undefined,
  readFile: ReadFile | undefined,
): Pick<AssertionOptions, 'headers' | 'claims'> {
  if (template === undefined || template.value === '') return {}
  const { name, value: path } = template
  if (readFile === undefined) throw new ConfigError(name, `${name} names a file, but files cannot be read here`)
  try {
    const content = readFile(path)
    const json: unknown = JSON.parse(typeof content === 'string' ? content : new TextDecoder().decode(content))
    const { header, payload } = json as Record<'header' | 'payload', Record<string, unknown> | undefined>
    return { headers: header, claims: payload }
  } catch (cause) {
    throw new ConfigError(name, `${name} names the file ${path}, which is not JSON with header and payload`, { cause })
  }
}

/** Unsecured tokens, by the options of Java's login module or by librdkafka's sasl.oauthbearer.config. */
function unsecuredOf(properties: PropertySet, jaas: JaasModule | undefined): ReturnType<typeof unsecuredToken> {
  properties.take('enable.sasl.oauthbearer.unsecure.jwt')
  const pairs = (properties.take('sasl.oauthbearer.config') ?? '').split(/\s+/).map((pair) => pair.split('=', 2))
  const config = new Map(pairs.map(([name = '', value = '']) => [name, value]))
  const claimName = jaas?.options.get('unsecuredLoginPrincipalClaimName') ?? config.get('principalClaimName') ?? 'sub'
  const principal = jaas?.options.get(`unsecuredLoginStringClaim_${claimName}`) ?? config.get('principal')
  if (principal === undefined) {
    throw new ConfigError(
      'sasl.oauthbearer.token.endpoint.url',
      'OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url to get tokens from, or a token function in a mechanism given as sasl',
    )
  }
  const seconds = Number(jaas?.options.get('unsecuredLoginLifetimeSeconds') ?? config.get('lifeSeconds') ?? '3600')
  const scope = config.get('scope')
  const claims: Record<string, unknown> = { [claimName]: principal, ...claimsOf(jaas) }
  if (scope !== undefined) claims[config.get('scopeClaimName') ?? 'scope'] = scope.split(',')
  return unsecuredToken({ principal, lifetimeMs: seconds * 1000, claims })
}

function claimsOf(jaas: JaasModule | undefined): Record<string, unknown> {
  const claims: Record<string, unknown> = {}
  for (const [name, value] of jaas?.options ?? []) {
    const [, kind, claim = ''] = /^unsecuredLogin(String|Number|List)Claim_(.+)$/.exec(name) ?? []
    if (kind === 'String') claims[claim] = value
    if (kind === 'Number') claims[claim] = Number(value)
    // The first character is what separates the items.
    if (kind === 'List') claims[claim] = value === '' ? [] : value.slice(1).split(value[0]!)
  }
  return claims
}

function extensionsOf(properties: PropertySet, jaas: JaasModule | undefined): Record<string, string> {
  const extensions: Record<string, string> = {}
  for (const [name, value] of jaas?.options ?? []) {
    const extension = /^(?:extension|unsecuredLoginExtension)_(.+)$/.exec(name)?.[1]
    if (extension !== undefined) extensions[extension] = value
  }
  const property = properties.find('sasl.oauthbearer.extensions')
  for (const pair of property?.value.split(',') ?? []) {
    if (pair.trim() === '') continue
    const at = pair.indexOf('=')
    if (at < 1)
      throw new ConfigError(property!.name, `${property!.name} must be name=value pairs with commas between them`)
    extensions[pair.slice(0, at).trim()] = pair.slice(at + 1).trim()
  }
  return extensions
}

function refreshOf(properties: PropertySet): TokenRefresh {
  return {
    windowFactor: fraction(properties, 'sasl.login.refresh.window.factor'),
    windowJitter: fraction(properties, 'sasl.login.refresh.window.jitter'),
    minPeriodMs: number(properties, 'sasl.login.refresh.min.period.seconds', 1000),
    bufferMs: number(properties, 'sasl.login.refresh.buffer.seconds', 1000),
  }
}

function number(properties: PropertySet, name: string, factor = 1): number | undefined {
  const property = properties.find(name)
  if (property === undefined || property.value === '') return undefined
  const conversion = factor === 1 ? asMilliseconds : asInteger
  return conversion.convert(property.value, name)! * factor
}

function fraction(properties: PropertySet, name: string): number | undefined {
  const text = properties.take(name)
  if (text === undefined || text === '') return undefined
  if (!/^\d*\.?\d+$/.test(text)) throw new ConfigError(name, `${name} must be a number such as 0.8`)
  return Number(text)
}

function asyncRead(readFile: ReadFile): (path: string) => Promise<string> {
  return async (path) => {
    const content = readFile(path)
    return typeof content === 'string' ? content : new TextDecoder().decode(content)
  }
}
