import { Admin } from './admin/admin.ts'
import { type ClientOptions, type ClientSettings, clientSettings } from './client-options.ts'
import { callback } from './config.ts'
import { Consumer } from './consumer/consumer.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import { ConfigError } from './errors.ts'
import { type ClientEvents, EVENT_NAMES, type EventListener, Events } from './events.ts'
import { inspect } from './inspect-value.ts'
import { logEvents } from './logger.ts'
import { Cluster } from './network/cluster.ts'
import type { ProducerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'

/**
 * The way into a Kafka cluster: holds how to reach it, connects to nothing by itself, and makes producers, consumers and
 * admin clients. Each of those has its own connections and is closed on its own.
 */
export class Kafka {
  readonly #settings: ClientSettings
  readonly #events = new Events()

  /** @throws ConfigError for an unknown option or one of the wrong type. */
  constructor(options: ClientOptions) {
    this.#settings = clientSettings(options)
    logEvents(this.#events, this.#settings.logger)
  }

  /** A producer. It connects at its first use. */
  producer<K = Uint8Array | string, V = Uint8Array | string>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    return new Producer<K, V>(this.#cluster(), options, this.#settings)
  }

  /** A consumer. It connects, and joins its group, at its first use. */
  consumer<K = Uint8Array | null, V = Uint8Array | null>(options: ConsumerOptions<K, V> = {}): Consumer<K, V> {
    return new Consumer<K, V>(this.#cluster(), options, this.#settings)
  }

  /** A client for creating, deleting and describing topics. It connects at its first use. */
  admin(): Admin {
    return new Admin(this.#cluster())
  }

  /**
   * Has `listener` called with each event of a name, of all clients that this object makes, until the returned function is called.
   * Listeners run in the middle of things and must be quick. Each event is also published to the channel `kafkawire:<name>` of
   * `node:diagnostics_channel`. An event that nobody listens to costs nothing.
   */
  on<Name extends keyof ClientEvents>(name: Name, listener: EventListener<Name>): () => void {
    callback().check(listener, 'listener')
    if (!EVENT_NAMES.includes(name)) {
      throw new ConfigError('name', `there is no event ${inspect(name)}: there are ${EVENT_NAMES.join(', ')}`)
    }
    return this.#events.on(name, listener)
  }

  #cluster(): Cluster {
    return new Cluster({ ...this.#settings, hooks: this.#events.hooks })
  }
}
