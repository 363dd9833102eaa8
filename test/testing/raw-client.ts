import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { FrameReader } from '../../src/network/frames.ts'
import type { Api } from '../../src/protocol/api.ts'
import { ByteReader } from '../../src/protocol/bytes/reader.ts'
import { ByteWriter } from '../../src/protocol/bytes/writer.ts'
import {
  requestHeader,
  requestHeaderVersion,
  responseHeader,
  responseHeaderVersion,
} from '../../src/protocol/header.ts'
import type { Encodable } from '../../src/protocol/schema.ts'

/** A client that sends one request at a time, in the version it is told, and knows nothing of Kafka but the codec. */
export class RawClient {
  readonly #socket: Socket
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>
  #correlationId = 0
  readonly #waiting: ((frame: Uint8Array | undefined) => void)[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    const frames = new FrameReader((frame) => this.#waiting.shift()?.(frame))
    socket.on('data', (chunk) => frames.push(chunk))
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const settle of this.#waiting.splice(0)) settle(undefined)
        resolve()
      })
    })
  }

  static async connect(address: { host: string; port: number }): Promise<RawClient> {
    const socket = connect(address)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Sends a request and resolves with its response. Rejects when the connection is closed instead. */
  async send<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    version: number,
    request: Encodable<NoInfer<Request>>,
  ): Promise<Response> {
    const correlationId = this.#correlationId++
    const frame = await this.sendFrame(encodeRequest(api, version, request, correlationId))
    if (frame === undefined) throw new Error('the connection was closed')
    const reader = new ByteReader(frame)
    const header = responseHeader.read(reader, responseHeaderVersion(api, version))
    if (header.correlationId !== correlationId) throw new Error(`correlation id ${header.correlationId}`)
    return api.response.decode(frame.subarray(reader.offset), version)
  }

  /** Sends a request for which no response is awaited. */
  post<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    version: number,
    request: Encodable<NoInfer<Request>>,
  ): void {
    this.write(encodeRequest(api, version, request, this.#correlationId++))
  }

  /** Sends bytes as one frame and resolves with the next frame, undefined when the connection is closed instead. */
  sendFrame(frame: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#socket.destroyed) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.write(frame)
    })
  }

  /** Sends bytes after their size. */
  write(frame: Uint8Array): void {
    const writer = new ByteWriter()
    writer.int32(frame.length)
    writer.raw(frame)
    this.writeRaw(writer.finish())
  }

  writeRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** The bytes of a request with its header. */
export function encodeRequest<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  version: number,
  request: Encodable<NoInfer<Request>>,
  correlationId = 0,
): Uint8Array {
  const writer = new ByteWriter()
  requestHeader.write(
    writer,
    { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId: 'raw' },
    requestHeaderVersion(api, version),
  )
  api.request.write(writer, request, version)
  return writer.finish()
}
