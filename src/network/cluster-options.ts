import { ConfigError } from '../errors.ts'
import type { ConnectionSettings } from './broker.ts'
import type { ServerAddress } from './broker-set.ts'
import { DEFAULT_MAX_FRAME_BYTES } from './frames.ts'
import type { NetworkHooks } from './hooks.ts'
import type { Backoff } from './retry.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'
import { tlsSource } from './tls.ts'
import type { AddressMapper, TlsOptions, Transport } from './transport.ts'

/** Java's metadata.recovery.strategy. */
export const METADATA_RECOVERY_STRATEGIES = ['rebootstrap', 'none'] as const
export type MetadataRecoveryStrategy = (typeof METADATA_RECOVERY_STRATEGIES)[number]

/** Java's client.dns.lookup. */
export const CLIENT_DNS_LOOKUPS = ['use_all_dns_ips', 'resolve_canonical_bootstrap_servers_only'] as const
export type ClientDnsLookup = (typeof CLIENT_DNS_LOOKUPS)[number]

/** How a Cluster is reached. All times are in milliseconds; the defaults are Java's. */
export interface ClusterOptions {
  /** Brokers to ask first; all are tried. */
  bootstrapServers: readonly ServerAddress[]
  transport: Transport
  /** Name that brokers log and apply quotas by. Default `kafkawire`. */
  clientId?: string | undefined
  /** Plain TCP when undefined. */
  tls?: TlsOptions | undefined
  /** No login when undefined. */
  sasl?: SaslMechanism | undefined
  /** Says where to connect to instead of where brokers say they are. */
  mapAddress?: AddressMapper | undefined
  /** Longest wait for one response. Default 30,000. */
  requestTimeoutMs?: number | undefined
  /** For TCP, TLS and the first exchange of a connection. Default 10,000. */
  connectionTimeoutMs?: number | undefined
  /** What connectionTimeoutMs doubles up to when attempts time out. Default 30,000. */
  connectionTimeoutMaxMs?: number | undefined
  /** Connections without requests are closed after this. Default 540,000. */
  connectionIdleMs?: number | undefined
  /** Default 100. */
  retryBackoffMs?: number | undefined
  /** Default 1,000. */
  retryBackoffMaxMs?: number | undefined
  /** Default 50. */
  reconnectBackoffMs?: number | undefined
  /** Default 1,000. */
  reconnectBackoffMaxMs?: number | undefined
  /** Metadata older than this is fetched again. Default 300,000. */
  metadataMaxAgeMs?: number | undefined
  /** Topics that were not used for so long are not fetched again. Default 300,000. */
  topicIdleMs?: number | undefined
  /**
   * Whether the bootstrap servers are asked again when no known broker can be reached, none has given metadata for
   * `metadataRecoveryRebootstrapTriggerMs`, or one says so (KIP-899, KIP-1102). Default `rebootstrap`.
   */
  metadataRecoveryStrategy?: MetadataRecoveryStrategy | undefined
  /** Default 300,000. */
  metadataRecoveryRebootstrapTriggerMs?: number | undefined
  /** Whether bootstrap servers are replaced by the names that their addresses have themselves. Default `use_all_dns_ips`: no. */
  clientDnsLookup?: ClientDnsLookup | undefined
  /** Whether asking for a topic may create it, where brokers are set up to. Default true. */
  allowAutoTopicCreation?: boolean | undefined
  /** Larger responses end the connection. Default 128 MiB. */
  maxFrameBytes?: number | undefined
  /** Requests that a connection may have in flight. Default 5. */
  maxInFlight?: number | undefined
  hooks?: NetworkHooks | undefined
}

/** What a Cluster works with: every option has its value. */
export interface ClusterSettings extends Omit<ConnectionSettings, 'clusterId' | 'onVersions'> {
  retryBackoff: Backoff
  metadataMaxAgeMs: number
  metadataRecoveryStrategy: MetadataRecoveryStrategy
  metadataRecoveryRebootstrapTriggerMs: number
  clientDnsLookup: ClientDnsLookup
  topicIdleMs: number
  allowAutoTopicCreation: boolean
}

/** The options with defaults filled in. Throws ConfigError for what the transport cannot do. */
export function clusterSettings(options: ClusterOptions): ClusterSettings {
  const { clientDnsLookup = 'use_all_dns_ips', transport } = options
  if (clientDnsLookup !== 'use_all_dns_ips' && transport.canonicalNames === undefined) {
    throw new ConfigError('clientDnsLookup', `the transport has no canonicalNames, which ${clientDnsLookup} needs`)
  }
  return {
    transport,
    tls: options.tls && tlsSource(options.tls),
    sasl: options.sasl,
    mapAddress: options.mapAddress,
    clientId: options.clientId ?? 'kafkawire',
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    connectionTimeoutMs: options.connectionTimeoutMs ?? 10_000,
    connectionTimeoutMaxMs: Math.max(options.connectionTimeoutMaxMs ?? 30_000, options.connectionTimeoutMs ?? 0),
    connectionIdleMs: options.connectionIdleMs ?? 540_000,
    retryBackoff: { minMs: options.retryBackoffMs ?? 100, maxMs: options.retryBackoffMaxMs ?? 1000 },
    reconnectBackoff: { minMs: options.reconnectBackoffMs ?? 50, maxMs: options.reconnectBackoffMaxMs ?? 1000 },
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    metadataRecoveryStrategy: options.metadataRecoveryStrategy ?? 'rebootstrap',
    metadataRecoveryRebootstrapTriggerMs: options.metadataRecoveryRebootstrapTriggerMs ?? 300_000,
    clientDnsLookup,
    topicIdleMs: options.topicIdleMs ?? 300_000,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
    maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
    maxInFlight: options.maxInFlight ?? 5,
    hooks: options.hooks,
  }
}
