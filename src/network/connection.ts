import { AuthenticationError, ClosedError, ConnectionError, DecodeError, type KafkaError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import {
  apiVersionsApi,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
} from '../protocol/messages/18-api-versions.ts'
import type { ByteWriter } from '../protocol/bytes/writer.ts'
import { encodeClientId } from '../protocol/header.ts'
import type { Encodable } from '../protocol/schema.ts'
import { type BodyOf, decodeResponse, Exchange, type RequestOptions, requestWriter, writeRequest } from './exchange.ts'
import { mappedAddress } from './mapped-address.ts'
import { fetchFrames } from './frame-pool.ts'
import { FrameReader } from './frames.ts'
import type { NetworkHooks, Purpose } from './hooks.ts'
import { Login } from './login.ts'
import { Pipeline } from './pipeline.ts'
import { Reporter } from './reporter.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'
import type { TlsSource } from './tls.ts'
import type { AddressMapper, ConnectOptions, Transport, TransportSocket } from './transport.ts'
import { decodeApiVersions, negotiateVersions, VersionTable } from './versions.ts'
import { withDeadline } from './wait.ts'

/** Name and version that brokers show in their metrics and logs (KIP-511). */
const SOFTWARE_NAME = 'kafkawire'
const SOFTWARE_VERSION = '0.1.0'

/** Everything one connection needs to know. */
export interface ConnectionOptions {
  transport: Transport
  host: string
  port: number
  /** Plain TCP when undefined. */
  tls?: TlsSource | undefined
  /** Says where to connect to instead of `host:port`. */
  mapAddress?: AddressMapper | undefined
  /** Proves to the broker who the client is. */
  sasl?: SaslMechanism | undefined
  /** Negative for a bootstrap address. */
  nodeId: number
  purpose: Purpose
  clientId: string
  /** For TCP, TLS, the first request and the login together; and for each further login. */
  connectionTimeoutMs: number
  /** Which address of a name to begin with: counts attempts that failed. */
  addressTurn?: number | undefined
  requestTimeoutMs: number
  /** A connection without requests is closed after this. */
  idleMs: number
  maxInFlight: number
  maxFrameBytes?: number | undefined
  /** Version of ApiVersions to begin with: what the broker offered last time. Default the highest. */
  apiVersionsVersion?: number | undefined
  /** Checked by brokers of 4.4 and later together with nodeId (KIP-1242). */
  clusterId?: string | null | undefined
  hooks?: NetworkHooks | undefined
  /** Called once when an open connection ends: with the error, or undefined when this side closed it. */
  onClose?: ((error: KafkaError | undefined) => void) | undefined
}

/** A connection to one broker that has told its versions and accepted the login. Requests are pipelined and answered in order. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #reporter: Reporter
  readonly #peer: string
  readonly #frames: FrameReader
  readonly #pipeline: Pipeline
  readonly #login: Login | undefined
  readonly #writer: ByteWriter
  readonly #clientId: Uint8Array
  #versions: VersionTable = VersionTable.EMPTY
  #socket: TransportSocket | undefined
  #isSetUp = false
  /** Whether a request was answered since. */
  #isProven = false
  #correlationId = 0
  /** Why the connection ended, or is about to. */
  #error: KafkaError | undefined
  readonly #ended: Promise<void>
  #resolveEnded!: () => void

  private constructor(options: ConnectionOptions) {
    const { host, port, nodeId, sasl } = options
    this.#options = options
    this.#writer = requestWriter(options.transport.allocate)
    this.#clientId = encodeClientId(options.clientId)
    this.#reporter = new Reporter(options, options.hooks)
    this.#peer = nodeId < 0 ? `${host}:${port}` : `broker ${nodeId} (${host}:${port})`
    this.#frames = new FrameReader(
      (frame) => {
        if (this.#login?.take(frame) !== true) this.#pipeline.receive(frame)
      },
      { maxFrameBytes: options.maxFrameBytes, pool: options.purpose === 'fetch' ? fetchFrames : undefined },
    )
    this.#pipeline = new Pipeline({
      maxInFlight: options.maxInFlight,
      stallTimeoutMs: options.requestTimeoutMs,
      idleMs: options.idleMs,
      write: (parts) => this.#socket?.write(parts) ?? false,
      onBroken: (reason, cause) => this.#lose(reason, cause),
      onIdle: () => this.#idle(),
      onLoginDue: () => void this.#renewLogin(),
      onWritten: (exchange) => this.#reporter.written(exchange),
      onAnswered: (exchange, frame) => {
        this.#isProven = this.#isSetUp
        this.#reporter.answered(exchange, frame)
      },
      onThrottled: ({ api }, throttleTimeMs) => this.#reporter.throttled(api, throttleTimeMs),
    })
    this.#login = sasl && this.#loginBy(sasl)
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve))
  }

  /**
   * Connects, asks for the broker's versions and logs in. Rejects with ConnectionError, AuthenticationError, a TimeoutError after
   * connectionTimeoutMs, or the signal's reason; then nothing is left open.
   */
  static async open(options: ConnectionOptions, signal?: AbortSignal): Promise<Connection> {
    const connection = new Connection(options)
    try {
      await connection.#open(signal)
    } catch (error) {
      connection.#end(error as KafkaError, false)
      if (signal?.aborted !== true) connection.#reporter.failed(error as Error)
      throw error
    }
    return connection
  }

  /** What the broker offers. */
  get versions(): VersionTable {
    return this.#versions
  }

  /** Requests that wait for their turn or their response. */
  get pendingCount(): number {
    return this.#pipeline.pendingCount
  }

  get isClosed(): boolean {
    return this.#error !== undefined
  }

  /** The version that requests of an API use. Throws UnsupportedVersionError when there is none in common. */
  versionOf<Request extends object, Response extends object>(api: Api<Request, Response>): number {
    return this.#versions.pick(api)
  }

  /**
   * Sends a request and resolves with its response, whatever error codes that holds. Rejects with ConnectionError,
   * TimeoutError, ClosedError, UnsupportedVersionError, EncodeError, DecodeError, or the signal's reason.
   */
  request<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    body: BodyOf<NoInfer<Request>>,
    options: RequestOptions = {},
  ): Promise<Response> {
    try {
      options.signal?.throwIfAborted()
      if (this.#error !== undefined) throw this.#error
      const version = this.#versions.pick(api, options.maxVersion)
      return this.#exchange(api, version, body, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Closes; what is pending rejects with ClosedError. Resolves when the socket is gone. */
  close(): Promise<void> {
    this.#end(new ClosedError(`the connection to ${this.#peer}`), true)
    return this.#ended
  }

  /** Closes once nothing is pending any more. Resolves when the socket is gone. */
  retire(): Promise<void> {
    this.#pipeline.idleOut()
    return this.#ended
  }

  #exchange<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    version: number,
    body: BodyOf<NoInfer<Request>>,
    options: RequestOptions & { isLogin?: boolean },
    decode: (frame: Uint8Array) => Response = (frame) => decodeResponse(api, version, frame),
  ): Promise<Response> {
    const correlationId = this.#correlationId
    const writer = this.#writer
    const request = typeof body === 'function' ? body(version) : body
    const hintBytes = options.sizeHintBytes
    const sizeInBytes = writeRequest(writer, api, version, request, correlationId, this.#clientId, hintBytes)
    this.#correlationId = (correlationId + 1) & 0x7fffffff
    const exchange = new Exchange({
      api: api.name,
      version,
      correlationId,
      parts: writer.parts(),
      sizeInBytes,
      peer: this.#peer,
      timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs,
      expectsResponse: options.expectsResponse ?? true,
      isLogin: options.isLogin ?? false,
      signal: options.signal,
      decode: (frame) => (frame === undefined ? api.response.root.defaultValue() : decode(frame)),
    })
    this.#pipeline.submit(exchange)
    return exchange.promise as Promise<Response>
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    const { transport, addressTurn, connectionTimeoutMs: timeoutMs } = this.#options
    await withDeadline(`connecting to ${this.#peer}`, { timeoutMs, signal }, async (deadline) => {
      const socket = await transport.connect({
        ...(await this.#address()),
        addressTurn,
        timeoutMs,
        signal: deadline.signal,
        handlers: {
          data: (bytes, size) => this.#receive(bytes, size),
          drain: () => this.#pipeline.drained(),
          close: (error) => this.#socketClosed(error),
        },
      })
      this.#socket = socket
      if (this.#error !== undefined) {
        socket.destroy()
        throw this.#error
      }
      await this.#negotiate(deadline.signal)
      if (this.#login !== undefined) this.#pipeline.loggedIn(await this.#login.run(false, deadline.signal))
    })
    this.#isSetUp = true
    this.#reporter.connected()
  }

  /** Where to connect to, and how. */
  async #address(): Promise<Pick<ConnectOptions, 'host' | 'port' | 'tls'>> {
    const { nodeId, host, port, tls, mapAddress } = this.#options
    const settings = await tls?.()
    if (mapAddress === undefined) return { host, port, tls: settings }
    const mapped = await mappedAddress(mapAddress, { nodeId, host, port })
    const servername = mapped.servername ?? settings?.servername ?? host
    return { host: mapped.host, port: mapped.port, tls: settings && { ...settings, servername } }
  }

  async #negotiate(signal: AbortSignal): Promise<void> {
    const { nodeId, clusterId, connectionTimeoutMs: timeoutMs, apiVersionsVersion } = this.#options
    const body: Encodable<ApiVersionsRequest> = {
      clientSoftwareName: SOFTWARE_NAME,
      clientSoftwareVersion: SOFTWARE_VERSION,
    }
    // Both or none (KIP-1242): a broker that is another one than thought then says so instead of serving wrong data.
    if (typeof clusterId === 'string' && nodeId >= 0) Object.assign(body, { clusterId, nodeId })
    const max = apiVersionsApi.request.versions.max
    this.#versions = await negotiateVersions(
      (version) =>
        this.#exchange<ApiVersionsRequest, ApiVersionsResponse>(
          apiVersionsApi,
          version,
          body,
          { signal, timeoutMs },
          // The header of this response never has tagged fields, since its version is not settled yet.
          (frame) => decodeApiVersions(frame.subarray(4), version),
        ),
      Math.min(apiVersionsVersion ?? max, max),
      { host: this.#options.host, port: this.#options.port, peer: this.#peer },
    )
  }

  #loginBy(mechanism: SaslMechanism): Login {
    const { host, port, connectionTimeoutMs: timeoutMs } = this.#options
    return new Login({
      mechanism,
      host,
      port,
      channel: {
        versionOf: (api) => this.versionOf(api),
        request: async (api, body, { maxVersion, signal } = {}) => {
          const version = this.#versions.pick(api, maxVersion)
          return this.#exchange(api, version, body, { timeoutMs, signal, isLogin: true })
        },
      },
      write: (bytes) => void this.#socket?.write([bytes]),
    })
  }

  /** Logs in anew before the session ends (KIP-368). Requests wait meanwhile, and fail with it. */
  async #renewLogin(): Promise<void> {
    try {
      const wait = { timeoutMs: this.#options.connectionTimeoutMs }
      const dueAt = await withDeadline(`another login to ${this.#peer}`, wait, ({ signal }) =>
        this.#login!.run(true, signal),
      )
      this.#pipeline.loggedIn(dueAt)
    } catch (error) {
      this.#end(error as KafkaError, false)
    }
  }

  #receive(bytes: Uint8Array, size: number): void {
    try {
      this.#frames.push(bytes, size)
    } catch (error) {
      this.#lose(error instanceof DecodeError ? error.reason : String(error), error, false)
    }
  }

  #socketClosed(error: Error | undefined): void {
    if (error instanceof AuthenticationError) this.#end(error, false)
    const how = error === undefined ? 'the peer closed it' : error.message
    this.#lose(how + this.#whenLost(), error instanceof ConnectionError ? error.cause : error)
    this.#resolveEnded()
  }

  /** What the state of the connection adds to the reason of its loss. */
  #whenLost(): string {
    if (this.#frames.isMidFrame) return ', in the middle of a response'
    // Brokers answer the question for their versions before a login, and hang up at anything else.
    if (this.#isSetUp)
      return this.#isProven || this.#login ? '' : ', at the first request: does the listener expect a login by SASL?'
    return this.#versions === VersionTable.EMPTY
      ? ', before it told its versions: is the port right, and does it expect TLS?'
      : ', during the login'
  }

  #idle(): void {
    // No request is pending while the socket is being opened, either.
    if (!this.#isSetUp) return
    this.#end(
      new ConnectionError(`the connection to ${this.#peer} was closed because it was idle`, this.#options),
      true,
    )
  }

  /** Ends the connection because of the peer or the network. */
  #lose(reason: string, cause?: unknown, retriable = true): void {
    const lost = this.#isSetUp ? `lost the connection to ${this.#peer}` : `cannot connect to ${this.#peer}`
    this.#end(new ConnectionError(`${lost}: ${reason}`, this.#options, { cause, retriable }), false)
  }

  #end(error: KafkaError, isClosedHere: boolean): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#frames.stop()
    this.#pipeline.fail(error)
    this.#login?.fail(error)
    if (this.#socket === undefined) this.#resolveEnded()
    else if (isClosedHere) this.#socket.close()
    else this.#socket.destroy()
    if (!this.#isSetUp) return
    const reported = isClosedHere ? undefined : error
    this.#reporter.disconnected(reported)
    this.#options.onClose?.(reported)
  }
}
