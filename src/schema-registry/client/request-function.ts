import { ConfigError } from '../../errors.ts'
import { tlsSource } from '../../network/tls.ts'
import { loadPackage } from '../optional-package.ts'
import type { RegistrySettings } from './options.ts'

/** Makes HTTP requests, and ends the connections it keeps. */
export interface RequestFunction {
  fetch: typeof fetch
  close(): Promise<void>
}

/** What is used of undici, so that its types are not needed to compile against this package. */
interface Undici {
  fetch: unknown
  Agent: new (options: object) => Dispatcher
  ProxyAgent: new (options: object) => Dispatcher
}

interface Dispatcher {
  close(): Promise<void>
  destroy(): Promise<void>
}

/** The global fetch, one that was given, or undici's where the settings ask for what fetch cannot do. */
export async function requestFunction(settings: RegistrySettings): Promise<RequestFunction> {
  const { fetch: given, tls, proxyUrl, maxConnections } = settings
  if (tls === undefined && proxyUrl === undefined && maxConnections === undefined) {
    // Looked up for each request: tests and instrumentation replace it.
    return { fetch: given ?? ((input, init) => fetch(input, init)), close: async () => {} }
  }
  const purpose = 'a schema registry with tls, proxyUrl or maxConnections'
  const undici = await loadPackage('undici', purpose, async () => (await import('undici')) as unknown as Undici)
  const { checkHostName, minVersion, ...material } = tls === undefined ? {} : await tlsSource(tls)()
  const connect = {
    ...material,
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(checkHostName === false ? { checkServerIdentity: () => undefined } : {}),
  }
  const pool = maxConnections === undefined ? {} : { connections: maxConnections }
  const dispatcher = makeDispatcher(undici, proxyUrl, connect, pool)
  const send = undici.fetch as typeof fetch
  return {
    fetch: (input, init) => send(input, { ...init, dispatcher } as RequestInit),
    close: () => dispatcher.destroy(),
  }
}

function makeDispatcher(undici: Undici, proxyUrl: string | undefined, connect: object, pool: object): Dispatcher {
  try {
    if (proxyUrl === undefined) return new undici.Agent({ ...pool, connect })
    const url = new URL(proxyUrl)
    const credentials = url.username === '' ? undefined : `${decode(url.username)}:${decode(url.password)}`
    url.username = ''
    url.password = ''
    const token = credentials === undefined ? {} : { token: `Basic ${btoa(credentials)}` }
    return new undici.ProxyAgent({ ...pool, uri: url.href, requestTls: connect, ...token })
  } catch {
    // The cause may show the key.
    throw new ConfigError('tls', 'tls or proxyUrl cannot be used: the certificate, its key or the URL is refused')
  }
}

function decode(part: string): string {
  return decodeURIComponent(part)
}
