import { ConfigError } from '../errors.ts'
import type { TlsOptions } from '../network/transport.ts'
import type { PropertySet } from './property-set.ts'
import { asFlag } from './values.ts'

/** Reads a file that a property names. Whatever it throws becomes the cause of a ConfigError. */
export type ReadFile = (path: string) => string | Uint8Array

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g

/**
 * The TLS options of ssl.* settings; true when there are none that matter. Files stay files, so that new connections see new
 * certificates; `readFile` lets those that are missing, or are no PEM, be told at once. Keys and passphrases are held by
 * functions, where neither `inspect` nor `JSON.stringify` finds them. Throws ConfigError.
 */
export function tlsOf(properties: PropertySet, readFile: ReadFile | undefined): true | TlsOptions {
  const tls: TlsOptions = { ...trusted(properties, readFile), ...identity(properties, readFile) }
  const passphrase = properties.take('ssl.key.password')
  if (passphrase && (tls.key ?? tls.keyFile) !== undefined) tls.passphrase = () => passphrase
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
  if (verification !== undefined && asFlag.convert(verification.value, verification.name) === false) {
    tls.rejectUnauthorized = false
  }
  const protocols = properties.take('ssl.enabled.protocols')
  if (protocols?.split(',').every((protocol) => protocol.trim() === 'TLSv1.3') === true) tls.minVersion = 'TLSv1.3'
  return Object.keys(tls).length === 0 ? true : tls
}

function trusted(properties: PropertySet, readFile: ReadFile | undefined): Pick<TlsOptions, 'ca' | 'caFile'> {
  const pem = properties.take('ssl.truststore.certificates', 'ssl.ca.pem')
  const store = storeOf(properties, 'truststore', readFile)
  const location = properties.find('ssl.ca.location')
  if (pem) return { ca: wrapped(pem) }
  if (store !== undefined) return { caFile: store }
  // librdkafka's word for the system's authorities.
  if (location === undefined || location.value === '' || location.value === 'probe') return {}
  return { caFile: checkedFile(location, readFile) }
}

function identity(
  properties: PropertySet,
  readFile: ReadFile | undefined,
): Pick<TlsOptions, 'key' | 'keyFile' | 'cert' | 'certFile'> {
  const key = properties.take('ssl.keystore.key', 'ssl.key.pem')
  const cert = properties.take('ssl.keystore.certificate.chain', 'ssl.certificate.pem')
  const keyFile = properties.find('ssl.key.location')
  const certFile = properties.find('ssl.certificate.location')
  const store = storeOf(properties, 'keystore', readFile)
  // OpenSSL picks from one file what it needs.
  if (store !== undefined) return { keyFile: store, certFile: store }
  return {
    ...(key ? { key: () => wrapped(key) } : keyFile?.value ? { keyFile: checkedFile(keyFile, readFile) } : {}),
    ...(cert ? { cert: wrapped(cert) } : certFile?.value ? { certFile: checkedFile(certFile, readFile) } : {}),
  }
}

/** The path of Java's key or trust store, if it is PEM. */
function storeOf(
  properties: PropertySet,
  kind: 'keystore' | 'truststore',
  readFile: ReadFile | undefined,
): string | undefined {
  const type = properties.take(`ssl.${kind}.type`)?.toUpperCase()
  const location = properties.find(`ssl.${kind}.location`)
  if (location === undefined || location.value === '') return undefined
  if (type !== undefined && type !== 'PEM') throw notPem(location, `of type ${type}`)
  if (type === undefined && /\.(?:jks|p12|pfx)$/i.test(location.value)) throw notPem(location, 'of type JKS or PKCS#12')
  return checkedFile(location, readFile)
}

/** The path of a file that can be read and is PEM, as far as that can be seen. */
function checkedFile(property: { name: string; value: string }, readFile: ReadFile | undefined): string {
  const { name, value: path } = property
  if (readFile === undefined) return path
  let text: string
  try {
    const content = readFile(path)
    text = typeof content === 'string' ? content : new TextDecoder().decode(content)
  } catch (cause) {
    const { code = 'unknown reason' } = cause as { code?: string }
    throw new ConfigError(name, `${name} names the file ${path}, which cannot be read: ${code}`, { cause })
  }
  if (!text.includes('-----BEGIN ')) throw notPem(property, 'something else')
  return path
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

function notPem({ name, value: path }: { name: string; value: string }, type: string): ConfigError {
  const kind = name.includes('trust') || name.includes('.ca.') ? 'truststore' : 'keystore'
  const convert =
    kind === 'truststore'
      ? 'export its certificates with `keytool -exportcert -rfc -alias … -keystore …`'
      : 'convert it with `keytool -importkeystore -srckeystore … -destkeystore store.p12 -deststoretype PKCS12` and `openssl pkcs12 -in store.p12 -out store.pem`'
  return new ConfigError(
    name,
    `${name} names ${path}, which is ${type}, but kafkawire reads PEM only: ${convert}, and name that file${name.includes('store') ? ` with ssl.${kind}.type=PEM` : ''}`,
  )
}
