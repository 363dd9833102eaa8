import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { apiKeys, apiName } from '../../src/protocol/api-keys.ts'
import type { Api } from '../../src/protocol/api.ts'
import { ByteReader } from '../../src/protocol/bytes/reader.ts'
import { ByteWriter } from '../../src/protocol/bytes/writer.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { responseHeader, responseHeaderVersion } from '../../src/protocol/header.ts'
import { apiVersionsApi, type ApiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts'
import type { Encodable } from '../../src/protocol/schema.ts'
import { FrameReader } from '../../src/network/frames.ts'

/** A request as it arrived, and ways to answer it. */
export interface Received {
  apiKey: number
  api: string
  version: number
  correlationId: number
  clientId: string
  socket: Socket
  /** Number of the connection, from 0 in the order they were accepted. */
  connection: number
  read<Request extends object, Response extends object>(api: Api<Request, Response>): Request
  answer<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    response: Encodable<NoInfer<Response>>,
    options?: { version?: number; correlationId?: number },
  ): void
}

export type Handler = (request: Received) => void

/** Versions that a fake broker offers unless told otherwise. */
const OFFERED: Readonly<Record<string, readonly [min: number, max: number]>> = {
  Produce: [3, 13],
  Fetch: [4, 18],
  Metadata: [0, 13],
  FindCoordinator: [0, 6],
  Heartbeat: [0, 4],
  SaslHandshake: [0, 1],
  ApiVersions: [0, 5],
  SaslAuthenticate: [0, 2],
}

/** The frame of a response, size included. */
export function responseFrame<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  version: number,
  correlationId: number,
  response: Encodable<NoInfer<Response>>,
): Uint8Array {
  const writer = new ByteWriter()
  const sizeAt = writer.reserve(4)
  responseHeader.write(writer, { correlationId }, responseHeaderVersion(api, version))
  api.response.write(writer, response, version)
  writer.int32At(sizeAt, writer.length - 4)
  return writer.finish()
}

/** A response to ApiVersions that offers these versions. */
export function offering(
  versions: Readonly<Record<string, readonly [min: number, max: number]>> = OFFERED,
  more: Encodable<ApiVersionsResponse> = {},
): Encodable<ApiVersionsResponse> {
  const keys: Readonly<Record<string, number>> = apiKeys
  return {
    apiKeys: Object.entries(versions).map(([name, [minVersion, maxVersion]]) => ({
      apiKey: keys[name]!,
      minVersion,
      maxVersion,
    })),
    ...more,
  }
}

/** A TCP server that speaks as much Kafka as its handlers do. Answers ApiVersions by itself unless a handler does. */
export class FakeBroker {
  readonly server: Server
  /** All requests so far, in the order they came. */
  readonly requests: Received[] = []
  readonly sockets: Socket[] = []
  /** Takes frames before they are read as requests; false leaves one to the handlers. */
  intercept: (frame: Uint8Array, socket: Socket) => boolean = () => false
  readonly #handlers = new Map<string, Handler>()
  readonly #waiters: (() => void)[] = []

  private constructor(tls: TlsOptions | undefined) {
    const accept = (socket: Socket): void => this.#accept(socket)
    this.server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
  }

  static async start(
    handlers: Readonly<Record<string, Handler>> = {},
    port = 0,
    tls?: TlsOptions,
    host = '127.0.0.1',
  ): Promise<FakeBroker> {
    const broker = new FakeBroker(tls)
    broker.on('ApiVersions', (request) => request.answer(apiVersionsApi, offering()))
    for (const [api, handler] of Object.entries(handlers)) broker.on(api, handler)
    broker.server.listen(port, host)
    await once(broker.server, 'listening')
    return broker
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.port }
  }

  /** Sets what is done with requests of an API; requests without a handler are left unanswered. */
  on(api: string, handler: Handler): this {
    this.#handlers.set(api, handler)
    return this
  }

  requestsOf(api: string): Received[] {
    return this.requests.filter((request) => request.api === api)
  }

  /** Resolves with the first `count` requests of an API once they have come. */
  async received(api: string, count = 1): Promise<Received[]> {
    await this.until(() => this.requestsOf(api).length >= count)
    return this.requestsOf(api)
  }

  /** Resolves once the condition holds; it is looked at after each request, connection and disconnection. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  get openSocketCount(): number {
    return this.sockets.filter((socket) => !socket.destroyed).length
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    if (!this.server.listening) return
    this.server.close()
    await once(this.server, 'close')
  }

  #accept(socket: Socket): void {
    const connection = this.sockets.push(socket) - 1
    const frames = new FrameReader((frame) => this.#handle(frame, socket, connection))
    socket.on('data', (chunk) => frames.push(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#changed())
    this.#changed()
  }

  #handle(frame: Uint8Array, socket: Socket, connection: number): void {
    if (this.intercept(frame, socket)) return
    const reader = new ByteReader(frame)
    const apiKey = reader.int16()
    const version = reader.int16()
    const correlationId = reader.int32()
    const clientId = reader.utf8(reader.int16())
    const request: Received = {
      apiKey,
      api: apiName(apiKey),
      version,
      correlationId,
      clientId,
      socket,
      connection,
      read: (api) => {
        const body = new ByteReader(frame, reader.offset)
        if (api.request.isFlexible(version)) body.unsignedVarint()
        return api.request.read(body, version)
      },
      answer: (api, response, options = {}) => {
        socket.write(responseFrame(api, options.version ?? version, options.correlationId ?? correlationId, response))
      },
    }
    this.requests.push(request)
    this.#handlers.get(request.api)?.(request)
    this.#changed()
  }

  #changed(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}

/** Refuses a version of ApiVersions as brokers before Kafka 2.4 do: in the form of version 0, without a list. */
export const refuseNewVersions =
  (newest: number, listed: Encodable<ApiVersionsResponse> = {}): Handler =>
  (request) => {
    if (request.version <= newest) request.answer(apiVersionsApi, offering({ ...OFFERED, ApiVersions: [0, newest] }))
    else request.answer(apiVersionsApi, { errorCode: ERROR.UNSUPPORTED_VERSION, ...listed }, { version: 0 })
  }
