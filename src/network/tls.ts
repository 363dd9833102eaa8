import { flag, oneOf, type Option, type OptionTable, resolveOptions, text } from '../config.ts'
import { ConfigError } from '../errors.ts'
import { hidden, readSecret, secret } from './sasl/secret.ts'
import type { Pem, PemSource, TlsOptions, TlsSettings } from './transport.ts'

/** Gets the TLS settings of a new connection together. Rejects with ConfigError. */
export type TlsSource = () => Promise<TlsSettings>

/** Options that can be given as they are or as a file. */
const MATERIAL = ['ca', 'cert', 'key'] as const

const TLS_OPTIONS: OptionTable<TlsOptions> = {
  ca: pem(),
  caFile: text(),
  cert: pem(),
  certFile: text(),
  key: pem(),
  keyFile: text(),
  passphrase: secret(),
  servername: text(),
  checkHostName: flag(true),
  rejectUnauthorized: flag(true),
  minVersion: oneOf<'TLSv1.2' | 'TLSv1.3'>('TLSv1.2', ['TLSv1.2', 'TLSv1.3']),
}

/** Returns the options; throws ConfigError, which shows nothing secret, when they cannot be used. */
export function checkTls(options: TlsOptions): TlsOptions {
  resolveOptions<TlsOptions>('tls', TLS_OPTIONS, options)
  for (const name of MATERIAL) {
    if (options[name] !== undefined && options[`${name}File`] !== undefined)
      throw new ConfigError(`${name}File`, `tls has both ${name} and ${name}File: leave one of them out`)
  }
  const has = (name: 'cert' | 'key'): boolean => (options[name] ?? options[`${name}File`]) !== undefined
  if (has('cert') !== has('key')) {
    const missing = has('cert') ? 'key' : 'cert'
    throw new ConfigError(missing, `a client's certificate and its key go together: tls.${missing} is missing`)
  }
  return options
}

/** Makes the settings of each connection from the options. */
export function tlsSource(options: TlsOptions): TlsSource {
  const { passphrase, servername, checkHostName, rejectUnauthorized, minVersion } = options
  const files = new Map<string, Uint8Array>()
  return async () => {
    const settings: TlsSettings = { servername, checkHostName, rejectUnauthorized, minVersion }
    for (const name of MATERIAL) {
      const file = options[`${name}File`]
      const source = options[name]
      const value = file === undefined ? await readSource(source, name) : await readFile(file, `${name}File`, files)
      if (value !== undefined) settings[name] = value
    }
    if (passphrase !== undefined) settings.passphrase = await readSecret(passphrase, 'passphrase', 'TLS')
    return settings
  }
}

async function readSource(source: PemSource | undefined, name: string): Promise<Pem | undefined> {
  if (typeof source !== 'function') return source
  let value: unknown
  try {
    value = await source()
  } catch (cause) {
    throw new ConfigError(name, `the function that is tls.${name} failed, see the cause`, { cause, retriable: true })
  }
  if (isPem(value)) return value
  throw new ConfigError(name, `the function that is tls.${name} returned no PEM`)
}

async function readFile(path: string, name: string, known: Map<string, Uint8Array>): Promise<Uint8Array> {
  // Loaded on first use, for the sake of runtimes without a file system.
  const fs = await import('node:fs/promises')
  try {
    const content = await fs.readFile(path)
    known.set(path, content)
    return content
  } catch (cause) {
    // In the middle of being replaced, perhaps.
    const before = known.get(path)
    if (before !== undefined) return before
    const { code = 'unknown reason' } = cause as { code?: string }
    throw new ConfigError(name, `tls.${name} names ${path}, which cannot be read: ${code}`, { cause })
  }
}

function pem(): Option<PemSource | undefined> {
  return hidden<PemSource | undefined>(
    undefined,
    'PEM text or bytes, an array of such, or a function that returns such',
    (value) => typeof value === 'function' || isPem(value),
  )
}

function isPem(value: unknown): value is Pem {
  return isPart(value) || (Array.isArray(value) && value.length > 0 && value.every(isPart))
}

function isPart(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || value instanceof Uint8Array
}
