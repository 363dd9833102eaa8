import type { Exchange } from './exchange.ts'
import type { ConnectionEvent, NetworkHooks } from './hooks.ts'

/** Tells the hooks what happens on one connection. */
export class Reporter {
  readonly #hooks: NetworkHooks
  readonly #connection: ConnectionEvent
  readonly #startedAt = performance.now()

  constructor(connection: ConnectionEvent, hooks: NetworkHooks = {}) {
    const { clientId, nodeId, host, port, purpose } = connection
    this.#connection = { clientId, nodeId, host, port, purpose }
    this.#hooks = hooks
  }

  connected(): void {
    this.#hooks.connect?.({ ...this.#connection, durationMs: performance.now() - this.#startedAt })
  }

  failed(error: Error): void {
    this.#hooks.connectError?.({ ...this.#connection, durationMs: performance.now() - this.#startedAt, error })
  }

  disconnected(error: Error | undefined): void {
    this.#hooks.disconnect?.({ ...this.#connection, error })
  }

  written(exchange: Exchange): void {
    const { request } = this.#hooks
    if (request === undefined) return
    const { api, version, correlationId, sizeInBytes } = exchange
    request({ ...this.#connection, api, version, correlationId, sizeInBytes })
  }

  answered(exchange: Exchange, frame: Uint8Array): void {
    const { response } = this.#hooks
    if (response === undefined) return
    const { api, version, correlationId, sizeInBytes, writtenAt } = exchange
    const durationMs = performance.now() - writtenAt
    const responseSizeInBytes = frame.length + 4
    const event = { api, version, correlationId, sizeInBytes, responseSizeInBytes, durationMs }
    response({ ...this.#connection, ...event })
  }

  throttled(api: string, throttleTimeMs: number): void {
    this.#hooks.throttle?.({ ...this.#connection, api, throttleTimeMs })
  }
}
