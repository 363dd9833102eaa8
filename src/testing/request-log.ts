import type { Api } from '../protocol/api.ts'

/** A request that a broker received. */
export interface ReceivedRequest<Request extends object = object> {
  readonly nodeId: number
  /** Kafka's name of the API, such as `Produce`. */
  readonly apiName: string
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** The decoded request. Byte fields are views of the bytes that came in. */
  readonly request: Request
}

/** What the log keeps at most: this many requests, and this many bytes of them. */
const MAX_REQUESTS = 1000
const MAX_BYTES = 16 * 1024 * 1024

/** The requests that reached a broker: a count of all, and the latest ones themselves (1000 of them, 16 MiB). */
export class RequestLog implements Iterable<ReceivedRequest> {
  #kept: { received: ReceivedRequest; sizeInBytes: number }[] = []
  #keptBytes = 0
  readonly #counts = new Map<number, number>()

  /** Number of requests received, of one API or of all. */
  count<Request extends object, Response extends object>(api?: Api<Request, Response>): number {
    if (api !== undefined) return this.#counts.get(api.key) ?? 0
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** The latest requests of one API, the oldest first. */
  of<Request extends object, Response extends object>(api: Api<Request, Response>): ReceivedRequest<Request>[] {
    return [...this].filter(({ apiKey }) => apiKey === api.key) as ReceivedRequest<Request>[]
  }

  /** The latest requests, the oldest first. */
  [Symbol.iterator](): IterableIterator<ReceivedRequest> {
    return this.#kept.map(({ received }) => received)[Symbol.iterator]()
  }

  /** Starts over. */
  clear(): void {
    this.#kept = []
    this.#keptBytes = 0
    this.#counts.clear()
  }

  /** @internal */
  add(received: ReceivedRequest, sizeInBytes: number): void {
    this.#counts.set(received.apiKey, (this.#counts.get(received.apiKey) ?? 0) + 1)
    this.#kept.push({ received, sizeInBytes })
    this.#keptBytes += sizeInBytes
    while (this.#kept.length > MAX_REQUESTS || (this.#keptBytes > MAX_BYTES && this.#kept.length > 1)) {
      this.#keptBytes -= this.#kept.shift()!.sizeInBytes
    }
  }
}
