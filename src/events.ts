import { builtinModule } from './builtin-module.ts'
import type { ConsumerEvents, ConsumerHooks } from './consumer/hooks.ts'
import type { NetworkEvents, NetworkHooks } from './network/hooks.ts'
import type { ProducerEvents, ProducerHooks } from './producer/hooks.ts'

/** What a client tells of its doings, by name: `kafka.on(name, listener)`. */
export type ClientEvents = NetworkEvents & ProducerEvents & ConsumerEvents

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
  'produce',
  'produced',
  'batchEnd',
  'retry',
  'split',
  'fetch',
  'lag',
  'commit',
  'rebalance',
  'stalled',
]

/** Everything that may be called, by the name of its event. */
type Hooks = NetworkHooks & ProducerHooks & ConsumerHooks

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
  readonly hook = (): ((event: object) => void) | undefined =>
    this.#listeners.size > 0 || this.#channel?.hasSubscribers === true ? this.#emit : undefined

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
  /** What network, producers and consumers call. */
  readonly hooks: Hooks

  constructor() {
    const hooks = {}
    for (const [name, topic] of this.#topics) Object.defineProperty(hooks, name, { get: topic.hook })
    this.hooks = hooks
  }

  /** Hooks that call those of one producer or consumer, and then these. */
  with<Own extends object>(own: Own | undefined): Own & Hooks {
    if (own === undefined) return this.hooks as Own & Hooks
    const joined = {}
    for (const [name, topic] of this.#topics) {
      const get = (): ((event: object) => void) | undefined => {
        const first = (own as Record<string, ((event: object) => void) | undefined> | undefined)?.[name]
        const second = topic.hook()
        if (first === undefined || second === undefined) return first?.bind(own) ?? second
        return (event) => {
          first.call(own, event)
          second(event)
        }
      }
      Object.defineProperty(joined, name, { get })
    }
    return joined as Own & Hooks
  }

  /** Calls `listener` with each event of a name until the returned function is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: EventListener<Name>): () => void {
    return this.#topics.get(name)!.add(listener as (event: object) => void)
  }
}
