import { TimeoutError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { ByteReader } from '../protocol/bytes/reader.ts'
import { ByteWriter } from '../protocol/bytes/writer.ts'
import { readResponseHeader, writeRequestHeader } from '../protocol/header.ts'
import type { Encodable } from '../protocol/schema.ts'

/** How one request is sent. */
export interface RequestOptions {
  /**
   * Longest wait for the response, counted from when the request is written; it may wait as long again for its turn.
   * A response that is late closes the connection, since those behind it can only be later. Default requestTimeoutMs.
   */
  timeoutMs?: number | undefined
  /** Detaches this request alone: it rejects with the signal's reason and its response is dropped when it comes. */
  signal?: AbortSignal | undefined
  /** Highest version to use, below what client and broker share. */
  maxVersion?: number | undefined
  /** About how many bytes the request takes, without byte fields of SHARED_FROM_BYTES and more; saves copies of large ones. */
  sizeHintBytes?: number | undefined
  /** False for a produce request with acks=0, which brokers do not answer: it resolves with an all-default response once written. */
  expectsResponse?: boolean | undefined
}

/** What a request says; a function of the version where the version decides how to say it. */
export type BodyOf<Request extends object> = Encodable<Request> | ((version: number) => Encodable<Request>)

/** What an exchange is made of. */
export interface ExchangeInit {
  api: string
  version: number
  correlationId: number
  /** The request's frame in pieces, size included. */
  parts: readonly Uint8Array[]
  sizeInBytes: number
  /** Where it goes, for error messages: `broker 1 (localhost:9092)`. */
  peer: string
  timeoutMs: number
  expectsResponse: boolean
  /** Whether it belongs to a login, which other requests have to wait for. */
  isLogin?: boolean | undefined
  signal: AbortSignal | undefined
  /** Makes the response from its frame; from nothing when none is expected. */
  decode: (frame: Uint8Array | undefined) => object
}

/** One request and the promise of its response. */
export class Exchange {
  readonly promise: Promise<object>
  readonly api: string
  readonly version: number
  readonly correlationId: number
  readonly sizeInBytes: number
  readonly timeoutMs: number
  readonly expectsResponse: boolean
  readonly isLogin: boolean
  /** When to give up, on the clock of performance.now(): first on its turn, then on its response. */
  deadline = 0
  /** When it was written, on the same clock. */
  writtenAt = 0
  readonly #peer: string
  readonly #signal: AbortSignal | undefined
  readonly #decode: ExchangeInit['decode']
  #onAbort: (() => void) | undefined
  #parts: readonly Uint8Array[] | undefined
  #isSettled = false
  #resolve!: (response: object) => void
  #reject!: (error: Error) => void

  constructor(init: ExchangeInit) {
    this.api = init.api
    this.version = init.version
    this.correlationId = init.correlationId
    this.sizeInBytes = init.sizeInBytes
    this.timeoutMs = init.timeoutMs
    this.expectsResponse = init.expectsResponse
    this.isLogin = init.isLogin === true
    this.#peer = init.peer
    this.#signal = init.signal
    this.#decode = init.decode
    this.#parts = init.parts
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (init.signal !== undefined) this.#listen(init.signal)
  }

  #listen(signal: AbortSignal): void {
    if (signal.aborted) {
      this.reject(signal.reason)
      return
    }
    this.#onAbort = (): void => this.reject(signal.reason)
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Whether nobody waits any more: it was answered, aborted or failed. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** The frame to write; undefined once it was taken, or when nobody waits any more. */
  takeParts(): readonly Uint8Array[] | undefined {
    const parts = this.#parts
    this.#parts = undefined
    return parts
  }

  /** Settles with what the frame holds and returns the response; decodes nothing when nobody waits. */
  complete(frame: Uint8Array | undefined): object | undefined {
    if (this.#isSettled) return undefined
    let response: object
    try {
      response = this.#decode(frame)
    } catch (error) {
      this.reject(error)
      return undefined
    }
    this.#settle()
    this.#resolve(response)
    return response
  }

  reject(error: unknown): void {
    if (this.#isSettled) return
    this.#settle()
    this.#reject(error as Error)
  }

  /** What to reject with when the deadline has passed. */
  timeout(hint: string): TimeoutError {
    return new TimeoutError(`${this.api} request to ${this.#peer}`, this.timeoutMs, { hint })
  }

  #settle(): void {
    this.#isSettled = true
    this.#parts = undefined
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

/**
 * Byte fields from this size on are written from where they are: below, one more piece costs the socket about as much as the copy.
 * They must not change before the response has come or the connection is gone.
 */
export const SHARED_FROM_BYTES = 4096

/** Memory of a connection's requests is made for so much at once. */
const WRITER_BYTES = 8 * 1024

/** What a connection's requests are written with, one after the other. @param allocateMemory - makes arrays of zeros. */
export function requestWriter(allocateMemory: ((bytes: number) => Uint8Array) | undefined): ByteWriter {
  return new ByteWriter(0, SHARED_FROM_BYTES, allocateMemory)
}

/**
 * Writes a request as it goes over the wire: size, header and body. Returns how many bytes that takes. What was written before stays as it is.
 * Throws EncodeError or UnsupportedVersionError.
 */
export function writeRequest<Request extends object, Response extends object>(
  writer: ByteWriter,
  api: Api<Request, Response>,
  version: number,
  body: Encodable<NoInfer<Request>>,
  correlationId: number,
  clientId: Uint8Array,
  sizeHintBytes = 256,
): number {
  writer.begin(sizeHintBytes, WRITER_BYTES)
  const sizeAt = writer.reserve(4)
  writeRequestHeader(writer, api, version, correlationId, clientId)
  api.request.write(writer, body, version)
  const sizeInBytes = writer.length
  writer.int32At(sizeAt, sizeInBytes - 4)
  return sizeInBytes
}

/** The body of a response frame. Throws DecodeError, also when bytes are left over. */
export function decodeResponse<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  version: number,
  frame: Uint8Array,
): Response {
  const reader = new ByteReader(frame)
  readResponseHeader(reader, api, version)
  const response = api.response.read(reader, version)
  api.response.checkEnd(reader)
  return response
}
