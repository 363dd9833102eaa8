import { Admin } from './admin/admin.ts'
import { type ClientOptions, type ClientSettings, clientSettings } from './client-options.ts'
import { Consumer } from './consumer/consumer.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import { Cluster } from './network/cluster.ts'
import type { ProducerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'

/**
 * The way into a Kafka cluster: holds how to reach it, connects to nothing by itself, and makes producers, consumers and
 * admin clients. Each of those has its own connections and is closed on its own.
 */
export class Kafka {
  readonly #settings: ClientSettings

  /** @throws ConfigError for an unknown option or one of the wrong type. */
  constructor(options: ClientOptions) {
    this.#settings = clientSettings(options)
  }

  /** A producer. It connects at its first use. */
  producer<K = Uint8Array | string, V = Uint8Array | string>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    return new Producer<K, V>(new Cluster(this.#settings), options, this.#settings)
  }

  /** A consumer. It connects, and joins its group, at its first use. */
  consumer<K = Uint8Array | null, V = Uint8Array | null>(options: ConsumerOptions<K, V> = {}): Consumer<K, V> {
    return new Consumer<K, V>(new Cluster(this.#settings), options, this.#settings)
  }

  /** A client for creating, deleting and describing topics. It connects at its first use. */
  admin(): Admin {
    return new Admin(new Cluster(this.#settings))
  }
}
