import { builtinModule } from './builtin-module.ts'
import type { NetworkEvents, NetworkHooks } from './network/hooks.ts'

/** What a client tells of its doings, by name: `kafka.on(name, listener)`. */
export type ClientEvents = NetworkEvents

/** Takes the events of one name. */
export type EventListener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => void

export const EVENT_NAMES: readonly (keyof ClientEvents)[] = [
  'connect',
  'connectError',
  'disconnect',
  'request',
  'response',
  'throttle',
  'metadata',
]

/** A channel of `node:diagnostics_channel`. */
interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

/** One kind of event and whoever wants it. */
class Topic {
  readonly #listeners = new Set<(event: object) => void>()
  readonly #channel: Channel | undefined

  constructor(name: string) {
    const diagnostics = builtinModule('node:diagnostics_channel') as { channel(name: string): Channel } | undefined
    this.#channel = diagnostics?.channel(`kafkawire:${name}`)
  }

  /** Undefined while nobody listens. */
  get hook(): ((event: object) => void) | undefined {
    return this.#listeners.size > 0 || this.#channel?.hasSubscribers === true ? this.#emit : undefined
  }

  add(listener: (event: object) => void): () => void {
    // Wrapped, so that a function that was added twice is called twice and removed once.
    const entry = (event: object): void => listener(event)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  readonly #emit = (event: object): void => {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        // The fault is the listener's and must not stop the client: it surfaces as an uncaught error, as with EventTarget.
        queueMicrotask(() => {
          throw error
        })
      }
    }
    if (this.#channel?.hasSubscribers === true) this.#channel.publish(event)
  }
}

/** Hands the events of a client to its listeners and to the diagnostics channels `kafkawire:connect` and so on. */
export class Events {
  readonly #topics: ReadonlyMap<string, Topic> = new Map(EVENT_NAMES.map((name) => [name, new Topic(name)]))
  /** What the network calls. */
  readonly hooks: NetworkHooks

  constructor() {
    const hooks = {}
    for (const [name, topic] of this.#topics) Object.defineProperty(hooks, name, { get: () => topic.hook })
    this.hooks = hooks
  }

  /** Calls `listener` with each event of a name until the returned function is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: EventListener<Name>): () => void {
    return this.#topics.get(name)!.add(listener as (event: object) => void)
  }
}
