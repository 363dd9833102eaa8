import type { ConnectionSettings } from './broker.ts'
import type { ServerAddress } from './broker-set.ts'
import { DEFAULT_MAX_FRAME_BYTES } from './frames.ts'
import type { NetworkHooks } from './hooks.ts'
import type { Backoff } from './retry.ts'
import type { SaslMechanism } from './sasl/mechanism.ts'
import { tlsSource } from './tls.ts'
import type { AddressMapper, TlsOptions, Transport } from './transport.ts'

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
  topicIdleMs: number
  allowAutoTopicCreation: boolean
}

/** The options with defaults filled in. */
export function clusterSettings(options: ClusterOptions): ClusterSettings {
  return {
    transport: options.transport,
    tls: options.tls && tlsSource(options.tls),
    sasl: options.sasl,
    mapAddress: options.mapAddress,
    clientId: options.clientId ?? 'kafkawire',
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    connectionTimeoutMs: options.connectionTimeoutMs ?? 10_000,
    connectionTimeoutMaxMs: options.connectionTimeoutMaxMs ?? Math.max(30_000, options.connectionTimeoutMs ?? 0),
    connectionIdleMs: options.connectionIdleMs ?? 540_000,
    retryBackoff: { minMs: options.retryBackoffMs ?? 100, maxMs: options.retryBackoffMaxMs ?? 1000 },
    reconnectBackoff: { minMs: options.reconnectBackoffMs ?? 50, maxMs: options.reconnectBackoffMaxMs ?? 1000 },
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    topicIdleMs: options.topicIdleMs ?? 300_000,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
    maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
    maxInFlight: options.maxInFlight ?? 5,
    hooks: options.hooks,
  }
}
