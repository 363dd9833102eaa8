import { ClosedError, ConnectionError, TimeoutError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { apiVersionsApi } from '../protocol/messages/18-api-versions.ts'
import { Connection } from './connection.ts'
import type { BodyOf, RequestOptions } from './exchange.ts'
import type { NetworkHooks, Purpose } from './hooks.ts'
import { type Backoff, backoffMs } from './retry.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'
import type { TlsSource } from './tls.ts'
import type { AddressMapper, Transport } from './transport.ts'
import type { VersionTable } from './versions.ts'
import { sleep } from './wait.ts'

export type { Purpose } from './hooks.ts'

/** What all connections of a client have in common. */
export interface ConnectionSettings {
  transport: Transport
  tls: TlsSource | undefined
  sasl: SaslMechanism | undefined
  mapAddress: AddressMapper | undefined
  clientId: string
  /** Set-up time of the first attempt; doubles with each that times out, up to `connectionTimeoutMaxMs`. */
  connectionTimeoutMs: number
  connectionTimeoutMaxMs: number
  connectionIdleMs: number
  requestTimeoutMs: number
  reconnectBackoff: Backoff
  maxInFlight: number
  maxFrameBytes: number
  hooks: NetworkHooks | undefined
  /** The cluster's id, once it is known. */
  clusterId: () => string | null
  /** Called after each handshake. */
  onVersions: (versions: VersionTable) => void
}

/** Where a broker is. */
export interface BrokerAddress {
  /** Negative for a bootstrap address whose broker is not known yet. */
  nodeId: number
  host: string
  port: number
  rack: string | null
}

/** A connection for one purpose, open or in the making. */
interface Slot {
  /** The one promise that all requests wait on, so that they are written in the order they were made. */
  promise: Promise<Connection> | undefined
  connection: Connection | undefined
  /** Requests that wait for the promise. While there are some, others may not go before them. */
  waitingCount: number
}

/** How ready a broker is for a request, best first. */
export type Readiness = 'connected' | 'connecting' | 'disconnected' | 'backing off'

/** One broker at one address: a connection for each purpose, made on first use and made again after a loss. */
export class Broker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly #settings: ConnectionSettings
  readonly #slots = new Map<Purpose, Slot>()
  readonly #closing = new AbortController()
  #rack: string | null
  #isRetired = false
  #lastError: Error | undefined
  #versions: VersionTable | undefined
  /** Attempts that failed since the last success; timed-out ones apart, as they make the next one more patient. */
  #failures = 0
  #timeouts = 0
  /** Rises with each failed attempt, and stays where one succeeded. */
  #addressTurn = 0
  #lastAttemptAt = 0
  /** No attempt before this, on the clock of performance.now(). */
  #nextAttemptAt = 0

  constructor(address: BrokerAddress, settings: ConnectionSettings) {
    this.nodeId = address.nodeId
    this.host = address.host
    this.port = address.port
    this.#rack = address.rack
    this.#settings = settings
  }

  /** Null when it has none, or it is not known. */
  get rack(): string | null {
    return this.#rack
  }

  /** Why the last attempt to connect failed; undefined when it succeeded. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  /** What the broker offered at the newest handshake; undefined before the first. */
  get versions(): VersionTable | undefined {
    return this.#versions
  }

  /** Whether the cluster does not have this broker, at this address, any more. Requests that are pending still finish. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  /** Requests that wait for a connection, whichever it is, and those that wait for their turn or their response on that for a purpose. */
  pendingCount(purpose: Purpose): number {
    let count = this.#slots.get(purpose)?.connection?.pendingCount ?? 0
    for (const { waitingCount } of this.#slots.values()) count += waitingCount
    return count
  }

  /** When the last attempt to connect began, on the clock of performance.now(); 0 for never. */
  get lastAttemptAt(): number {
    return this.#lastAttemptAt
  }

  /** Takes the rack over unless it is null, as it is in what does not tell racks; true when it is another. */
  learnRack(rack: string | null): boolean {
    if (rack === null || rack === this.#rack) return false
    this.#rack = rack
    return true
  }

  /** How ready the connection for a purpose is. */
  readiness(purpose: Purpose): Readiness {
    const slot = this.#slots.get(purpose)
    if (slot?.connection !== undefined) return 'connected'
    if (performance.now() < this.#nextAttemptAt) return 'backing off'
    return slot?.promise === undefined ? 'disconnected' : 'connecting'
  }

  /** The open connection for a purpose, made when needed: for callers that must know versions before they build a request. */
  connection(purpose: Purpose, signal?: AbortSignal): Promise<Connection> {
    return this.#use(purpose, signal, (connection) => Promise.resolve(connection))
  }

  /**
   * Sends a request on the connection for `purpose`, connecting first when there is none, which waits out the reconnect
   * back-off. Requests of one purpose are written in the order of the calls. Rejections are those of Connection.
   */
  request<Request extends object, Response extends object>(
    purpose: Purpose,
    api: Api<Request, Response>,
    body: BodyOf<NoInfer<Request>>,
    options: RequestOptions = {},
  ): Promise<Response> {
    return this.#use(purpose, options.signal, (connection) => connection.request(api, body, options))
  }

  /** Takes no more requests and disconnects once those that are pending are done. Resolves when all sockets are gone. */
  async retire(): Promise<void> {
    this.#isRetired = true
    await this.#forEachConnection((connection) => connection.retire())
  }

  /** Disconnects; what is pending rejects with ClosedError. Resolves when all sockets are gone. */
  async close(): Promise<void> {
    this.#isRetired = true
    this.#closing.abort(new ClosedError(this.#name()))
    await this.#forEachConnection((connection) => connection.close())
  }

  async #forEachConnection(act: (connection: Connection) => Promise<void>): Promise<void> {
    const promises = [...this.#slots.values()].map(({ promise }) => promise ?? Promise.resolve(undefined))
    await Promise.all(promises.map((promise) => promise.then((connection) => connection && act(connection), ignore)))
  }

  #name(): string {
    return this.nodeId < 0
      ? `bootstrap server ${this.host}:${this.port}`
      : `broker ${this.nodeId} (${this.host}:${this.port})`
  }

  /** Calls `use` with the connection, in the order of the calls to this method and at once when it is open; the signal ends the wait for it. */
  #use<T>(purpose: Purpose, signal: AbortSignal | undefined, use: (connection: Connection) => Promise<T>): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    if (this.#isRetired) return Promise.reject(this.#gone())
    let slot = this.#slots.get(purpose)
    if (slot === undefined) {
      slot = { promise: undefined, connection: undefined, waitingCount: 0 }
      this.#slots.set(purpose, slot)
    }
    if (slot.connection !== undefined && slot.waitingCount === 0) return use(slot.connection)
    return this.#useOnceOpen(purpose, slot, signal, use)
  }

  #useOnceOpen<T>(
    purpose: Purpose,
    slot: Slot,
    signal: AbortSignal | undefined,
    use: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason as Error)
      signal?.addEventListener('abort', onAbort, { once: true })
      slot.waitingCount++
      slot.promise ??= this.#connect(purpose, slot)
      slot.promise.then(
        (connection) => {
          slot.waitingCount--
          signal?.removeEventListener('abort', onAbort)
          if (signal?.aborted !== true) resolve(use(connection))
        },
        (error: unknown) => {
          slot.waitingCount--
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      )
    })
  }

  /** Why a broker that was retired takes no requests. */
  #gone(): Error {
    if (this.#closing.signal.aborted) return this.#closing.signal.reason as Error
    const gone = `${this.#name()} is no longer part of the cluster: look the leader or coordinator up again`
    return new ConnectionError(gone, this)
  }

  async #connect(purpose: Purpose, slot: Slot): Promise<Connection> {
    const { signal } = this.#closing
    try {
      const delayMs = this.#nextAttemptAt - performance.now()
      if (delayMs > 0) await sleep(delayMs, signal)
      this.#lastAttemptAt = performance.now()
      slot.connection = await Connection.open(this.#connectionOptions(purpose, slot), signal)
    } catch (error) {
      slot.promise = undefined
      if (!signal.aborted) this.#failed(error)
      throw error
    }
    this.#failures = 0
    this.#timeouts = 0
    this.#lastError = undefined
    this.#versions = slot.connection.versions
    this.#settings.onVersions(this.#versions)
    return slot.connection
  }

  #connectionOptions(purpose: Purpose, slot: Slot): Parameters<typeof Connection.open>[0] {
    const { connectionTimeoutMs, connectionTimeoutMaxMs, connectionIdleMs, clusterId, ...rest } = this.#settings
    return {
      transport: rest.transport,
      host: this.host,
      port: this.port,
      tls: rest.tls,
      sasl: rest.sasl,
      mapAddress: rest.mapAddress,
      nodeId: this.nodeId,
      purpose,
      clientId: rest.clientId,
      connectionTimeoutMs: Math.min(connectionTimeoutMs * 2 ** this.#timeouts, connectionTimeoutMaxMs),
      addressTurn: this.#addressTurn,
      requestTimeoutMs: rest.requestTimeoutMs,
      idleMs: connectionIdleMs,
      maxInFlight: rest.maxInFlight,
      maxFrameBytes: rest.maxFrameBytes,
      apiVersionsVersion: this.#versions?.range(apiVersionsApi.key)?.max,
      clusterId: clusterId(),
      hooks: rest.hooks,
      onClose: (error) => {
        slot.promise = undefined
        slot.connection = undefined
        // As after a failed attempt, lest a peer that accepts and then closes be called in a tight loop.
        if (error !== undefined) this.#backOff(0)
      },
    }
  }

  #failed(error: unknown): void {
    this.#lastError = error as Error
    this.#addressTurn++
    if (error instanceof TimeoutError) this.#timeouts++
    this.#backOff(this.#failures++)
  }

  #backOff(attempt: number): void {
    this.#nextAttemptAt = performance.now() + backoffMs(attempt, this.#settings.reconnectBackoff)
  }
}

function ignore(): void {}
