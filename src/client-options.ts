import {
  callback,
  checked,
  type Defined,
  flag,
  integer,
  milliseconds,
  oneOf,
  type OptionTable,
  resolveOptions,
  text,
} from './config.ts'
import { ConfigError } from './errors.ts'
import { inspect } from './inspect-value.ts'
import { LOG_LEVELS, type Logger, loggerAbove, type LogLevel } from './logger.ts'
import type { ClusterOptions } from './network/cluster.ts'
import {
  CLIENT_DNS_LOOKUPS,
  type ClientDnsLookup,
  METADATA_RECOVERY_STRATEGIES,
  type MetadataRecoveryStrategy,
} from './network/cluster-options.ts'
import { nodeTransport, transportOver } from './network/node.ts'
import { hidden } from './network/sasl/secret.ts'
import { saslMechanism, type SaslOptions } from './network/sasl/options.ts'
import { checkTls } from './network/tls.ts'
import type { AddressMapper, SocketFactory, TlsOptions, Transport } from './network/transport.ts'

/** How to reach a cluster: what every producer, consumer and admin client of one `Kafka` shares. */
export interface ClientOptions {
  /** Brokers to ask first, `host:port`, several separated by commas or in an array. Java: bootstrap.servers. */
  bootstrapServers: string | readonly string[]
  /** Name that brokers log and apply quotas by. Default `kafkawire`. Java: client.id. */
  clientId?: string | undefined
  /** true, or the details, to speak TLS. Default: plaintext. */
  tls?: boolean | TlsOptions | undefined
  /** How to log in. Default: not at all. Java: sasl.mechanism and sasl.jaas.config. */
  sasl?: SaslOptions | undefined
  /** Longest wait for one response. Default 30,000. Java: request.timeout.ms. */
  requestTimeoutMs?: number | undefined
  /** Longest wait for TCP, TLS and the first exchange of a new connection. Default 10,000. Java: socket.connection.setup.timeout.ms. */
  connectionTimeoutMs?: number | undefined
  /** What that doubles up to with each attempt that took too long. Default 30,000. Java: socket.connection.setup.timeout.max.ms. */
  connectionTimeoutMaxMs?: number | undefined
  /** A connection that was not used for so long is closed. Default 540,000. Java: connections.max.idle.ms. */
  connectionIdleMs?: number | undefined
  /** First pause before a request is tried again; doubles up to `retryBackoffMaxMs`. Default 100. Java: retry.backoff.ms. */
  retryBackoffMs?: number | undefined
  /** Default 1,000. Java: retry.backoff.max.ms. */
  retryBackoffMaxMs?: number | undefined
  /** First pause before a broker is connected to again; doubles up to `reconnectBackoffMaxMs`. Default 50. Java: reconnect.backoff.ms. */
  reconnectBackoffMs?: number | undefined
  /** Default 1,000. Java: reconnect.backoff.max.ms. */
  reconnectBackoffMaxMs?: number | undefined
  /** Metadata older than this is fetched again. Default 300,000. Java: metadata.max.age.ms. */
  metadataMaxAgeMs?: number | undefined
  /** Topics that were not used for so long are not kept up to date. Default 300,000. Java: metadata.max.idle.ms. */
  topicIdleMs?: number | undefined
  /**
   * Whether the bootstrap servers are asked again once no known broker can be reached, none has given metadata for
   * `metadataRecoveryRebootstrapTriggerMs`, or one asks for it. Default `'rebootstrap'`. Java: metadata.recovery.strategy.
   */
  metadataRecoveryStrategy?: MetadataRecoveryStrategy | undefined
  /** Default 300,000. Java: metadata.recovery.rebootstrap.trigger.ms. */
  metadataRecoveryRebootstrapTriggerMs?: number | undefined
  /**
   * Whether bootstrap servers are replaced by the names that their addresses have themselves, which Kerberos behind an alias
   * needs. All addresses of a name are tried in any case. Default `'use_all_dns_ips'`: they are not. Java: client.dns.lookup.
   */
  clientDnsLookup?: ClientDnsLookup | undefined
  /** Whether asking for a topic may create it, where brokers are set up to. Default true. Java: allow.auto.create.topics. */
  allowAutoTopicCreation?: boolean | undefined
  /** Most bytes a response may announce; a larger one ends the connection. Default 134,217,728. */
  maxFrameBytes?: number | undefined
  /** Takes log entries; `console` will do. Default: none, the client is silent. */
  logger?: Logger | undefined
  /** Entries below this level are not made. Default `info`. */
  logLevel?: LogLevel | undefined
  /** Says how to reach a broker, where that is not as it advertises. Default: as it advertises. */
  mapAddress?: AddressMapper | undefined
  /** Connects through a proxy or the like; TLS is spoken over its sockets. Not together with `transport`. */
  socketFactory?: SocketFactory | undefined
  /** Makes the connections. Default: the runtime's own TCP and TLS. */
  transport?: Transport | undefined
}

const CLIENT_OPTIONS: OptionTable<ClientOptions> = {
  bootstrapServers: checked<string | readonly string[]>('', (value) =>
    typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
      ? undefined
      : "'host:port', or an array of such",
  ),
  clientId: text('kafkawire'),
  tls: hidden<boolean | TlsOptions | undefined>(
    false,
    'true, false or an object of TLS options',
    (value) => typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
  ),
  // Its own options are checked where the mechanism is made.
  sasl: hidden<SaslOptions | undefined>(
    undefined,
    'an object with the mechanism and its credentials',
    (value) => typeof value === 'object' && value !== null,
  ),
  requestTimeoutMs: milliseconds(30_000, { min: 1 }),
  connectionTimeoutMs: milliseconds(10_000, { min: 1 }),
  connectionTimeoutMaxMs: milliseconds(30_000, { min: 1 }),
  connectionIdleMs: milliseconds(540_000, { min: 1 }),
  retryBackoffMs: milliseconds(100),
  retryBackoffMaxMs: milliseconds(1000),
  reconnectBackoffMs: milliseconds(50),
  reconnectBackoffMaxMs: milliseconds(1000),
  metadataMaxAgeMs: milliseconds(300_000),
  topicIdleMs: milliseconds(300_000),
  metadataRecoveryStrategy: oneOf<MetadataRecoveryStrategy>('rebootstrap', METADATA_RECOVERY_STRATEGIES),
  metadataRecoveryRebootstrapTriggerMs: milliseconds(300_000),
  clientDnsLookup: oneOf<ClientDnsLookup>('use_all_dns_ips', CLIENT_DNS_LOOKUPS),
  allowAutoTopicCreation: flag(true),
  maxFrameBytes: integer(128 * 1024 * 1024, { min: 1024, max: 0x7fffffff }),
  logger: checked<Logger | undefined>(undefined, (value) =>
    typeof value === 'object' &&
    value !== null &&
    LOG_LEVELS.some((level) => typeof (value as Logger)[level] === 'function')
      ? undefined
      : `an object with some of the methods ${LOG_LEVELS.join(', ')}`,
  ),
  logLevel: oneOf<LogLevel>('info', LOG_LEVELS),
  mapAddress: callback<AddressMapper>(),
  socketFactory: callback<SocketFactory>(),
  transport: checked<Transport | undefined>(nodeTransport, (value) =>
    typeof value === 'object' && value !== null && typeof (value as Transport).connect === 'function'
      ? undefined
      : 'an object with a connect method',
  ),
}

/** Options with their defaults in place, as a cluster takes them. */
export type ClientSettings = ClusterOptions &
  Omit<Defined<ClientOptions>, 'bootstrapServers' | 'tls' | 'sasl' | 'logLevel' | 'socketFactory' | 'mapAddress'>

/** Checks the options of a client and gives each its default. Throws ConfigError. */
export function clientSettings(given: ClientOptions): ClientSettings {
  const settings = resolveOptions<ClientOptions>('Kafka', CLIENT_OPTIONS, given) as Defined<ClientOptions>
  const { bootstrapServers, tls, sasl, logger, logLevel, socketFactory, ...rest } = settings as typeof settings &
    Pick<ClientOptions, 'sasl' | 'logger' | 'socketFactory'>
  if (socketFactory !== undefined && given.transport !== undefined) {
    throw new ConfigError('socketFactory', 'socketFactory and transport exclude each other: leave one of them out')
  }
  return {
    ...rest,
    logger: loggerAbove(logger ?? {}, logLevel),
    ...(socketFactory === undefined ? {} : { transport: transportOver(socketFactory) }),
    bootstrapServers: parseServers(bootstrapServers),
    ...(tls === false ? {} : { tls: checkTls(tls === true ? {} : tls) }),
    ...(sasl === undefined ? {} : { sasl: saslMechanism(sasl) }),
  }
}

function parseServers(given: string | readonly string[]): { host: string; port: number }[] {
  const servers = (typeof given === 'string' ? given.split(',') : given).map((server) => server.trim()).filter(Boolean)
  if (servers.length === 0) {
    throw new ConfigError(
      'bootstrapServers',
      "bootstrapServers must name at least one broker, such as 'localhost:9092'",
    )
  }
  return servers.map((server) => {
    // Brackets keep the colons of an IPv6 address apart from the port's.
    const [, ipv6, name, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(server) ?? []
    const host = ipv6 ?? name
    const port = Number(digits)
    if (host === undefined || !(port >= 1 && port <= 65535)) {
      throw new ConfigError('bootstrapServers', `bootstrapServers has ${inspect(server)}, which is not 'host:port'`)
    }
    return { host, port }
  })
}
