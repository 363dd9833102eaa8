import { ConfigError } from '../errors.ts'
import type { ApiVersionCaps } from './offered-apis.ts'
import type { ClusterSettings } from './state/cluster-state.ts'

/** How a topic is made. */
export interface TopicOptions {
  /** Default: defaultPartitions of the broker. */
  partitions?: number | undefined
  /** Default: 3, or all nodes when there are fewer. */
  replicationFactor?: number | undefined
  /** Topic settings by Kafka's names, such as `message.timestamp.type`. */
  config?: Readonly<Record<string, string>> | undefined
}

/** How a TestBroker is set up. Everything has a default. */
export interface TestBrokerOptions {
  /** Number of nodes, from 1 to 100. Default 1. */
  nodes?: number | undefined
  /** Topics to begin with: number of partitions, or more about it. */
  topics?: Readonly<Record<string, number | TopicOptions>> | undefined
  /** Whether a topic that a client asks for comes into being. Default true. */
  autoCreateTopics?: boolean | undefined
  /** Partitions of topics that do not say how many. Default 1. */
  defaultPartitions?: number | undefined
  /** How long the first rebalance of an empty group waits for more members. Default 0; Kafka's is 3000. */
  initialRebalanceDelayMs?: number | undefined
  /** Shortest session timeout that a group member may ask for. Default 6000, as in Kafka. */
  minSessionTimeoutMs?: number | undefined
  /** A member under the consumer protocol (KIP-848) that is silent for so long is dropped. Default 45000, as in Kafka. */
  consumerSessionTimeoutMs?: number | undefined
  /** How often members under the consumer protocol send heartbeats. Default 5000, as in Kafka. */
  consumerHeartbeatIntervalMs?: number | undefined
  /** Largest batch in bytes that a topic takes unless it says otherwise. Default 1048588. */
  maxMessageBytes?: number | undefined
  /**
   * Versions to offer by API name, for the likeness of another broker: `{ Fetch: { min: 0, max: 11 } }`. Null for an
   * API that is not to be offered at all.
   */
  apiVersions?: ApiVersionCaps | undefined
  /** Level of the feature `transaction.version`: from 2 on clients use transactions V2 (KIP-890). Default 2, as in Kafka. */
  transactionVersion?: 0 | 1 | 2 | undefined
  /** Address to listen on, which clients are told too. Default 127.0.0.1. */
  host?: string | undefined
}

/** The options with their defaults, sorted by who needs them. */
export interface BrokerSettings extends ClusterSettings {
  host: string
  topics: Readonly<Record<string, number | TopicOptions>>
  apiVersions: ApiVersionCaps
}

/** Longest session timeout of a member (group.max.session.timeout.ms). */
const MAX_SESSION_TIMEOUT_MS = 1_800_000

/** Puts defaults in place. Throws ConfigError for a value out of range. */
export function clusterSettings(options: TestBrokerOptions): BrokerSettings {
  return {
    nodeCount: integer('nodes', options.nodes, 1, { min: 1, max: 100 }),
    topics: options.topics ?? {},
    autoCreateTopics: options.autoCreateTopics ?? true,
    defaultPartitions: integer('defaultPartitions', options.defaultPartitions, 1, { min: 1, max: 100_000 }),
    maxMessageBytes: integer('maxMessageBytes', options.maxMessageBytes, 1_048_588, { min: 0, max: 0x7fffffff }),
    groups: {
      initialRebalanceDelayMs: integer('initialRebalanceDelayMs', options.initialRebalanceDelayMs, 0, {
        min: 0,
        max: 0x7fffffff,
      }),
      minSessionTimeoutMs: integer('minSessionTimeoutMs', options.minSessionTimeoutMs, 6000, {
        min: 1,
        max: MAX_SESSION_TIMEOUT_MS,
      }),
      maxSessionTimeoutMs: MAX_SESSION_TIMEOUT_MS,
      consumerSessionTimeoutMs: integer('consumerSessionTimeoutMs', options.consumerSessionTimeoutMs, 45_000, {
        min: 1,
        max: MAX_SESSION_TIMEOUT_MS,
      }),
      consumerHeartbeatIntervalMs: integer('consumerHeartbeatIntervalMs', options.consumerHeartbeatIntervalMs, 5000, {
        min: 1,
        max: MAX_SESSION_TIMEOUT_MS,
      }),
    },
    transactionVersion: integer('transactionVersion', options.transactionVersion, 2, { min: 0, max: 2 }),
    apiVersions: options.apiVersions ?? {},
    host: options.host ?? '127.0.0.1',
  }
}

function integer(
  option: string,
  value: number | undefined,
  fallback: number,
  { min, max }: { min: number; max: number },
): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new ConfigError(option, `${option} must be a whole number from ${min} to ${max}, not ${String(value)}`)
}
