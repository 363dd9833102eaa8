import { Admin } from './admin/admin.ts'
import { builtinModule } from './builtin-module.ts'
import { type ClientOptions, type ClientSettings, clientSettings } from './client-options.ts'
import { callback } from './config.ts'
import { Consumer } from './consumer/consumer.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import { ConfigError } from './errors.ts'
import { type ClientEvents, EVENT_NAMES, type EventListener, Events } from './events.ts'
import { inspect } from './inspect-value.ts'
import { logEvents, type Logger } from './logger.ts'
import { Cluster } from './network/cluster.ts'
import type { AwsCredentials } from './network/sasl/aws-msk-iam.ts'
import { saslMechanism } from './network/sasl/options.ts'
import type { ProducerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'
import { optionsFromProperties } from './properties/from-properties.ts'

/** What a file of properties cannot hold, or what is to win over it. */
export interface PropertiesOptions extends Partial<ClientOptions> {
  /** Keys for AWS MSK IAM, which Java's module finds by itself. */
  awsCredentials?: (() => AwsCredentials | Promise<AwsCredentials>) | undefined
}

/** Options for producers and consumers to begin with. */
type Defaults = Pick<ReturnType<typeof optionsFromProperties>, 'producer' | 'consumer'>

/**
 * The way into a Kafka cluster: holds how to reach it, connects to nothing by itself, and makes producers, consumers and
 * admin clients. Each of those has its own connections and is closed on its own.
 */
export class Kafka {
  readonly #settings: ClientSettings
  readonly #events = new Events()
  #defaults: Defaults = { producer: {}, consumer: {} }

  /** @throws ConfigError for an unknown option or one of the wrong type. */
  constructor(options: ClientOptions) {
    this.#settings = clientSettings(options)
    logEvents(this.#events, this.#settings.logger)
  }

  /**
   * A client as a file for Java's clients or librdkafka describes it: the text of the file, or its names and values. Settings of
   * producers and consumers become defaults of those that it makes. Names that are of no use are told in one warning, by the
   * logger if there is one. Throws ConfigError naming the property that cannot be used.
   */
  static fromProperties(
    properties: string | Readonly<Record<string, string | number | boolean>>,
    options: PropertiesOptions = {},
  ): Kafka {
    const { awsCredentials, ...given } = options
    const { client, producer, consumer, unknown } = optionsFromProperties(properties, {
      readFile: readFile(),
      awsCredentials,
      sasl: given.sasl && saslMechanism(given.sasl),
    })
    const kafka = new Kafka(merged<ClientOptions>(client, given))
    kafka.#defaults = { producer, consumer }
    if (unknown.length > 0)
      warn(`properties that are not used: ${unknown.join(', ')}`, given.logger && kafka.#settings.logger)
    return kafka
  }

  /** A producer. It connects at its first use. */
  producer<K = Uint8Array | string, V = Uint8Array | string>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    return new Producer<K, V>(this.#cluster(), this.#observed(merged(this.#defaults.producer, options)), this.#settings)
  }

  /** A consumer. It connects, and joins its group, at its first use. */
  consumer<K = Uint8Array | null, V = Uint8Array | null>(options: ConsumerOptions<K, V> = {}): Consumer<K, V> {
    return new Consumer<K, V>(this.#cluster(), this.#observed(merged(this.#defaults.consumer, options)), this.#settings)
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

  /** The options with hooks that tell the listeners of `on` as well. */
  #observed<Options extends { readonly hooks?: object | undefined }>(options: Options): Options {
    // What is of a wrong type is left to whoever checks the options.
    const isRight = typeof options === 'object' && (options.hooks === undefined || typeof options.hooks === 'object')
    return isRight ? { ...options, hooks: this.#events.with(options.hooks) } : options
  }

  #cluster(): Cluster {
    return new Cluster({ ...this.#settings, hooks: this.#events.hooks })
  }
}

function warn(message: string, logger: Logger | undefined): void {
  if (logger !== undefined) logger.warn?.(message, {})
  else (globalThis as { process?: { emitWarning?(message: string): void } }).process?.emitWarning?.(message)
}

/** The options over the defaults, where undefined counts as not given. */
function merged<Options extends object>(defaults: Partial<Options>, options: Partial<Options>): Options {
  // What is no object at all is left to whoever checks the options.
  if (Object.keys(defaults).length === 0) return options as Options
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) } as Options
}

/** Undefined on runtimes without a file system. */
function readFile(): ((path: string) => Uint8Array) | undefined {
  const fs = builtinModule('node:fs') as { readFileSync(path: string): Uint8Array } | undefined
  return fs && ((path) => fs.readFileSync(path))
}
