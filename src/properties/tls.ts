import { ConfigError } from '../errors.ts'
import type { TlsOptions } from '../network/transport.ts'
import type { PropertySet } from './property-set.ts'
import { asFlag } from './values.ts'

/** Reads a file that a property names. Whatever it throws becomes the cause of a ConfigError. */
export type ReadFile = (path: string) => string | Uint8Array

/** TLS options of a text. */
export interface PropertyTls extends TlsOptions {
  /** false when the text gives up the check that the certificate is of the host that is connected to. */
  checkHostName?: boolean | undefined
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g

/** The TLS options of ssl.* settings; true when there are none that matter. Throws ConfigError, also for key stores that are not PEM. */
export function tlsOf(properties: PropertySet, readFile: ReadFile | undefined): true | PropertyTls {
  const tls: PropertyTls = {}
  const ca = trusted(properties, readFile)
  if (ca !== undefined) tls.ca = ca
  const { key, cert } = identity(properties, readFile)
  if (key !== undefined) tls.key = key
  if (cert !== undefined) tls.cert = cert
  const passphrase = properties.take('ssl.key.password')
  if (passphrase !== undefined && passphrase !== '' && key !== undefined) tls.passphrase = passphrase
  // Passwords of stores do nothing for PEM.
  properties.take('ssl.keystore.password')
  properties.take('ssl.truststore.password')
  const algorithm = properties.find('ssl.endpoint.identification.algorithm')
  if (algorithm !== undefined) {
    if (algorithm.value === '' || algorithm.value.toLowerCase() === 'none') tls.checkHostName = false
    else if (algorithm.value.toLowerCase() !== 'https') {
      throw new ConfigError(algorithm.name, `${algorithm.name} must be https, or empty to leave host names unchecked`)
    }
  }
  const verification = properties.find('enable.ssl.certificate.verification')
  if (verification !== undefined && asFlag.convert(verification.value, verification.name) === false)
    tls.rejectUnauthorized = false
  const protocols = properties.take('ssl.enabled.protocols')
  if (protocols?.split(',').every((protocol) => protocol.trim() === 'TLSv1.3') === true) tls.minVersion = 'TLSv1.3'
  return Object.keys(tls).length === 0 ? true : tls
}

function trusted(properties: PropertySet, readFile: ReadFile | undefined): string | undefined {
  const pem = properties.take('ssl.truststore.certificates', 'ssl.ca.pem')
  if (pem !== undefined && pem !== '') return wrapped(pem)
  const store = storeOf(properties, 'truststore', readFile)
  if (store !== undefined) return blocks(store, /CERTIFICATE$/)
  const location = properties.find('ssl.ca.location')
  // librdkafka's word for the system's authorities.
  if (location === undefined || location.value === '' || location.value === 'probe') return undefined
  return read(location, readFile)
}

function identity(
  properties: PropertySet,
  readFile: ReadFile | undefined,
): { key?: string | undefined; cert?: string | undefined } {
  const store = storeOf(properties, 'keystore', readFile)
  if (store !== undefined) return { key: blocks(store, /PRIVATE KEY$/), cert: blocks(store, /CERTIFICATE$/) }
  return {
    key: pemOf(properties, ['ssl.keystore.key', 'ssl.key.pem'], 'ssl.key.location', readFile),
    cert: pemOf(
      properties,
      ['ssl.keystore.certificate.chain', 'ssl.certificate.pem'],
      'ssl.certificate.location',
      readFile,
    ),
  }
}

function pemOf(
  properties: PropertySet,
  inline: readonly string[],
  location: string,
  readFile: ReadFile | undefined,
): string | undefined {
  const pem = properties.take(...inline)
  if (pem !== undefined && pem !== '') return wrapped(pem)
  const file = properties.find(location)
  return file === undefined || file.value === '' ? undefined : read(file, readFile)
}

/** The text of Java's key or trust store, if it is PEM. */
function storeOf(
  properties: PropertySet,
  kind: 'keystore' | 'truststore',
  readFile: ReadFile | undefined,
): string | undefined {
  const type = properties.take(`ssl.${kind}.type`)?.toUpperCase()
  const location = properties.find(`ssl.${kind}.location`)
  if (location === undefined || location.value === '') return undefined
  if (type !== undefined && type !== 'PEM') throw notPem(location, type)
  const text = read(location, readFile)
  if (!text.includes('-----BEGIN ')) throw notPem(location, 'JKS or PKCS#12')
  return text
}

/** PEM text in lines again, for Java takes it in one with blanks where line breaks were, and OpenSSL does not. */
function wrapped(text: string): string {
  return text.replace(PEM_BLOCK, (block: string, label: string, body: string) => {
    // A key with headers of its own, which Java does not read: its lines count.
    if (body.includes(':')) return block
    const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []
    return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
  })
}

function blocks(text: string, kind: RegExp): string | undefined {
  const found = [...text.matchAll(PEM_BLOCK)].filter(([, label]) => kind.test(label!)).map(([block]) => block)
  return found.length === 0 ? undefined : `${found.join('\n')}\n`
}

function read({ name, value: path }: { name: string; value: string }, readFile: ReadFile | undefined): string {
  if (readFile === undefined)
    throw new ConfigError(name, `${name} names a file, but files cannot be read here: use PEM text in its place`)
  try {
    const content = readFile(path)
    return typeof content === 'string' ? content : new TextDecoder().decode(content)
  } catch (cause) {
    const { code = 'unknown reason' } = cause as { code?: string }
    throw new ConfigError(name, `${name} names the file ${path}, which cannot be read: ${code}`, { cause })
  }
}

function notPem({ name, value: path }: { name: string; value: string }, type: string): ConfigError {
  const kind = name.includes('trust') ? 'truststore' : 'keystore'
  const convert =
    kind === 'truststore'
      ? 'export its certificates with `keytool -exportcert -rfc -alias … -keystore …`'
      : 'convert it with `keytool -importkeystore -srckeystore … -destkeystore store.p12 -deststoretype PKCS12` and `openssl pkcs12 -in store.p12 -out store.pem`'
  return new ConfigError(
    name,
    `${name} names ${path}, a store of type ${type}, but kafkawire reads PEM only: ${convert}, then name that file and set ssl.${kind}.type=PEM`,
  )
}
