import { ClosedError, KafkaError, TimeoutError } from '../../errors.ts'
import { peerText, withoutSecrets } from '../../network/sasl/peer-text.ts'
import { type Deadline, sleep, withDeadline } from '../../network/wait.ts'
import { SchemaRegistryError } from '../errors.ts'
import { anonymous, type Authenticator, authenticator } from './auth.ts'
import { isRetriableStatus, remedy } from './error-codes.ts'
import type { RegistrySettings } from './options.ts'
import { type RequestFunction, requestFunction } from './request-function.ts'
import { readText } from './response-text.ts'

/** How long a call may take, and what ends it early. */
export interface CallOptions {
  /** Longest wait for the call with all its attempts, in milliseconds. Default: that of the client. */
  timeoutMs?: number | undefined
  /** Ends the call early: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** One request: where to, and with what. */
export interface RegistryRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Parts of the path, not yet encoded. */
  path: readonly (string | number)[]
  query?: Query | undefined
  body?: unknown
}

const ACCEPT = 'application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json'
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

interface Endpoint {
  /** Without credentials, query and slash at the end. */
  base: string
  authenticator: Authenticator
}

/**
 * Sends requests to the registry: to one URL after another, with pauses between rounds, until one answers. Only what may pass
 * moves it on, which is lost connections and the statuses 408, 429, 500, 502, 503 and 504; a refusal is final.
 */
export class RegistryTransport {
  readonly #settings: RegistrySettings
  readonly #endpoints: readonly Endpoint[]
  readonly #secrets: readonly string[]
  readonly #closing = new AbortController()
  #current: number
  #requests: Promise<RequestFunction> | undefined

  constructor(settings: RegistrySettings) {
    this.#settings = settings
    const given = settings.auth === undefined ? undefined : authenticator(settings.auth)
    this.#endpoints = settings.url.map((url) => endpoint(url, given))
    this.#secrets = secretsOf(settings)
    this.#current = settings.randomizeUrls ? Math.floor(Math.random() * this.#endpoints.length) : 0
  }

  /** The JSON of the answer; undefined when it is empty. */
  request(request: RegistryRequest, options: CallOptions = {}): Promise<unknown> {
    if (this.#closing.signal.aborted) return Promise.reject(new ClosedError('the schema registry client'))
    const { timeoutMs = this.#settings.timeoutMs, signal } = options
    const target = pathOf(request)
    const ends = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    return withDeadline(`${request.method} ${target} of the schema registry`, { timeoutMs, signal: ends }, (deadline) =>
      this.#attempts(request, target, deadline),
    )
  }

  /** Ends the requests under way, which reject with ClosedError, and the connections kept. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('the schema registry client'))
    const requests = await this.#requests?.catch(() => undefined)
    await requests?.close()
  }

  async #attempts(request: RegistryRequest, target: string, deadline: Deadline): Promise<unknown> {
    const { maxRetries, retryBackoffMs, retryBackoffMaxMs } = this.#settings
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#round(request, target, deadline)
      } catch (error) {
        deadline.signal.throwIfAborted()
        if (!(error instanceof KafkaError) || !error.retriable || attempt >= maxRetries) throw error
        deadline.noteFailure(error)
      }
      // Anything up to a bound that doubles (Java: ExponentialBackoff with full jitter in RetryExecutor).
      await sleep(Math.random() * Math.min(retryBackoffMs * 2 ** attempt, retryBackoffMaxMs), deadline.signal)
    }
  }

  /** Tries each URL once, beginning with the one that answered last. */
  async #round(request: RegistryRequest, target: string, deadline: Deadline): Promise<unknown> {
    for (let tried = 1; ; tried++) {
      const index = this.#current
      const { base, authenticator } = this.#endpoints[index]!
      try {
        return await this.#send(request, new URL(base + target), authenticator, deadline)
      } catch (error) {
        const mayPass = error instanceof KafkaError && error.retriable && !deadline.signal.aborted
        if (!mayPass) throw error
        // Unless another call has moved on meanwhile.
        if (this.#current === index) this.#current = (index + 1) % this.#endpoints.length
        if (tried === this.#endpoints.length) throw error
      }
    }
  }

  async #send(request: RegistryRequest, url: URL, auth: Authenticator, deadline: Deadline): Promise<unknown> {
    try {
      return await this.#sendOnce(request, url, auth, deadline)
    } catch (error) {
      // The token may have been withdrawn before its time.
      if (!(error instanceof SchemaRegistryError) || error.status !== 401 || !auth.refuse()) throw error
      return this.#sendOnce(request, url, auth, deadline)
    }
  }

  async #sendOnce(request: RegistryRequest, url: URL, auth: Authenticator, deadline: Deadline): Promise<unknown> {
    this.#requests ??= this.#openRequests()
    const { fetch } = await this.#requests
    const { requestTimeoutMs, headers, maxResponseBytes } = this.#settings
    const what = `${request.method} ${url.pathname}`
    return withDeadline(what, { timeoutMs: requestTimeoutMs, signal: deadline.signal }, async ({ signal }) => {
      const credentials = await auth.headers(url, signal)
      let response: Response
      let text: string
      try {
        response = await fetch(url.href, {
          method: request.method,
          headers: { accept: ACCEPT, ...bodyHeaders(request), ...headers, ...credentials },
          ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
          signal,
        })
        text = await readText(response, maxResponseBytes, what)
      } catch (cause) {
        signal.throwIfAborted()
        if (cause instanceof KafkaError) throw cause
        throw this.#lost(url, cause)
      }
      return this.#answer(what, response, text, Object.values(credentials))
    }).catch((error: unknown) => {
      deadline.signal.throwIfAborted()
      // One answer took too long: another attempt may be served better.
      if (error instanceof TimeoutError) throw this.#late(url, error)
      throw error
    })
  }

  #openRequests(): Promise<RequestFunction> {
    const requests = requestFunction(this.#settings)
    // A package that is missing may be installed by the next call.
    requests.catch(() => (this.#requests = undefined))
    return requests
  }

  #answer(what: string, response: Response, text: string, credentials: readonly string[]): unknown {
    const { status } = response
    let json: unknown
    try {
      json = text === '' ? undefined : JSON.parse(text)
    } catch {
      if (response.ok) {
        const type = response.headers.get('content-type') ?? 'nothing that tells what it is'
        const message = `${what} was answered with ${peerText(type)}, not JSON: is this the URL of a schema registry?`
        throw new SchemaRegistryError(message, { status, errorCode: status })
      }
    }
    if (response.ok) return json
    const { error_code: code, message } = (json ?? {}) as { error_code?: unknown; message?: unknown }
    // Apicurio gives 0 for errors of its own.
    const errorCode = typeof code === 'number' && code !== 0 ? code : status
    const own = typeof message === 'string' && message !== '' ? `: ${peerText(message)}` : ''
    const hidden = credentials.flatMap((value) => [value, value.replace(/^\w+ /, '')])
    const said = withoutSecrets(own, [...this.#secrets, ...hidden])
    throw new SchemaRegistryError(
      `${what} was refused with ${status}${errorCode === status ? '' : ` (${errorCode})`}${said}${remedy(status)}`,
      { status, errorCode },
      { retriable: isRetriableStatus(status) },
    )
  }

  #lost(url: URL, cause: unknown): SchemaRegistryError {
    const { code } = ((cause as Error | undefined)?.cause ?? cause ?? {}) as { code?: unknown }
    const why = typeof code === 'string' ? ` (${code})` : ''
    const message = `no answer from the schema registry at ${url.host}${why}: is it running, and is the URL right?`
    return new SchemaRegistryError(message, { status: 0, errorCode: 0 }, { retriable: true, cause })
  }

  #late(url: URL, cause: TimeoutError): SchemaRegistryError {
    const message = `no answer from the schema registry at ${url.host} within ${cause.timeoutMs} ms`
    return new SchemaRegistryError(message, { status: 0, errorCode: 0 }, { retriable: true, cause })
  }
}

function bodyHeaders({ body }: RegistryRequest): Record<string, string> {
  if (body === undefined) return {}
  return { 'content-type': CONTENT_TYPE, 'confluent-accept-unknown-properties': 'true' }
}

/** Credentials in a URL are those of that URL; fetch takes none. */
function endpoint(text: string, given: Authenticator | undefined): Endpoint {
  const url = new URL(text)
  const { username, password } = url
  const own =
    given !== undefined || username === ''
      ? undefined
      : authenticator({
          type: 'basic',
          username: decodeURIComponent(username),
          password: decodeURIComponent(password),
        })
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  return { base, authenticator: given ?? own ?? anonymous }
}

/** What no error may repeat, should the registry send it back. */
function secretsOf({ auth, url }: RegistrySettings): string[] {
  const secrets = url.map((text) => decodeURIComponent(new URL(text).password))
  if (auth?.type === 'basic' && typeof auth.password === 'string') secrets.push(auth.password)
  if (auth?.type === 'bearer' && typeof auth.token === 'string') secrets.push(auth.token)
  return secrets
}

/** Path and query. A colon stays as it is: some registries do not decode it, and contexts are written with it. */
function pathOf({ path, query = {} }: RegistryRequest): string {
  const parts = path.map((part) => encodeURIComponent(part).replaceAll('%3A', ':'))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    if (typeof value !== 'object') search.append(name, String(value))
    else for (const item of value) search.append(name, item)
  }
  const text = search.toString()
  return `/${parts.join('/')}${text === '' ? '' : `?${text}`}`
}
