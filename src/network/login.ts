import { ConnectionError } from '../errors.ts'
import { authenticate, reauthenticationDelayMs, type SaslChannel } from './sasl/authenticate.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'

/** What a Login needs of the connection it belongs to. */
export interface LoginOptions {
  mechanism: SaslMechanism
  host: string
  port: number
  /** How requests of a login are sent. */
  channel: Omit<SaslChannel, 'exchangeToken'>
  /** Hands bytes to the socket. */
  write(bytes: Uint8Array): void
}

/** Whoever waits for a frame without a header. */
interface Waiter {
  resolve: (frame: Uint8Array) => void
  reject: (error: Error) => void
}

/** How one connection proves who the client is: when it is set up, and again before the session ends that the broker granted. */
export class Login {
  readonly #options: LoginOptions
  readonly #channel: SaslChannel
  #waiter: Waiter | undefined

  constructor(options: LoginOptions) {
    this.#options = options
    this.#channel = {
      ...options.channel,
      exchangeToken: (token, expectsAnswer) => this.#exchangeToken(token, expectsAnswer),
    }
  }

  /**
   * Logs in, and resolves with the time of the next login on the clock of performance.now(); Infinity for never. After a
   * rejection the connection must be closed.
   */
  async run(isReauthentication: boolean, signal: AbortSignal): Promise<number> {
    const { mechanism, host, port } = this.#options
    // The broker's clock for the session starts later than this one: whatever the steps take is to be on the safe side.
    const startedAt = performance.now()
    const { lifetimeMs } = await authenticate(mechanism, this.#channel, { host, port, isReauthentication, signal })
    return lifetimeMs === undefined ? Infinity : startedAt + reauthenticationDelayMs(lifetimeMs)
  }

  /** Takes a frame if it is the answer to a token that was sent without a header; whether it was. */
  take(frame: Uint8Array): boolean {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve(frame)
    return waiter !== undefined
  }

  /** The connection has ended. */
  fail(error: Error): void {
    this.#waiter?.reject(error)
    this.#waiter = undefined
  }

  /** As Kafka before 1.0 takes tokens. */
  #exchangeToken(token: Uint8Array, expectsAnswer: boolean): Promise<Uint8Array> {
    const frame = new Uint8Array(4 + token.length)
    new DataView(frame.buffer).setInt32(0, token.length)
    frame.set(token, 4)
    this.#options.write(frame)
    if (!expectsAnswer) return Promise.resolve(new Uint8Array())
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    }).catch((error: unknown) => {
      if (!(error instanceof ConnectionError)) throw error
      const { message, host, port } = error
      const reason = 'brokers before Kafka 1.0 refuse wrong credentials so, without a word'
      throw new ConnectionError(`${message}: ${reason}`, { host, port }, { cause: error })
    }) as Promise<Uint8Array>
  }
}
