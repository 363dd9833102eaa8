import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks for the configuration of topics, brokers, loggers, client metrics and groups (KIP-133). Any broker answers, but
 * what is asked of a broker by its node id goes to that broker.
 */
export interface DescribeConfigsRequest {
  resources: DescribeConfigsResource[]
  /** Whether to fill `synonyms` (KIP-226). */
  includeSynonyms: boolean
  /** Whether to fill `documentation` (KIP-569). */
  includeDocumentation: boolean
}

export interface DescribeConfigsResource {
  /** 2 topic, 4 broker, 8 broker logger (KIP-412), 16 client metrics (KIP-714), 32 group (KIP-848). */
  resourceType: number
  /** A topic, a node id, a subscription or a group. Empty with type 4: the dynamic defaults of all brokers. */
  resourceName: string
  /** Names of the settings wanted; null for all. */
  configurationKeys: string[] | null
}

export interface DescribeConfigsResponse {
  /** Milliseconds to wait before the next request; from version 2 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  results: DescribeConfigsResult[]
}

export interface DescribeConfigsResult {
  /**
   * UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, INVALID_REQUEST (a type the broker does not know, or a node id
   * that is another broker's), TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  resourceType: number
  resourceName: string
  configs: DescribeConfigsConfig[]
}

export interface DescribeConfigsConfig {
  name: string
  /** Null when the setting is sensitive, or has no value. */
  value: string | null
  /** Whether it cannot be altered while the broker runs. */
  readOnly: boolean
  /**
   * In version 0 only, of brokers before 1.1: whether the value is the default. From version 1 on `configSource` says
   * so.
   */
  isDefault: boolean
  /**
   * Where the value is from: 1 topic, 2 dynamic of the broker, 3 dynamic default of all brokers, 4 the broker's
   * properties, 5 built-in default, 6 broker logger, 7 client metrics, 8 group. -1 in version 0, which does not tell.
   */
  configSource: number
  /** Whether the broker keeps the value to itself, as it does with passwords. */
  isSensitive: boolean
  /** The values in order of precedence, the one in force first. */
  synonyms: DescribeConfigsSynonym[]
  /** 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password; 0 when unknown. */
  configType: number
  /** Null when not asked for. */
  documentation: string | null
}

export interface DescribeConfigsSynonym {
  /** May differ from the setting's: the broker's `log.retention.ms` backs a topic's `retention.ms`. */
  name: string
  value: string | null
  /** As `configSource`. */
  source: number
}

const resource = struct<DescribeConfigsResource>({
  resourceType: int8,
  resourceName: string,
  configurationKeys: nullable(array(string)),
})

const synonym = struct<DescribeConfigsSynonym>({
  name: string.since(1),
  value: nullable(string).since(1),
  source: int8.since(1),
})

const config = struct<DescribeConfigsConfig>({
  name: string,
  value: nullable(string),
  readOnly: boolean,
  // A test broker fills this and configSource alike; each version carries the one it has.
  isDefault: boolean.until(0).ignorable(),
  configSource: int8.since(1).default(-1).ignorable(),
  isSensitive: boolean,
  synonyms: array(synonym).since(1).ignorable(),
  configType: int8.since(3).ignorable(),
  documentation: nullable(string).since(3).ignorable(),
})

const result = struct<DescribeConfigsResult>({
  errorCode: int16,
  errorMessage: nullable(string),
  resourceType: int8,
  resourceName: string,
  configs: array(config),
})

export const describeConfigsApi: Api<DescribeConfigsRequest, DescribeConfigsResponse> = {
  name: 'DescribeConfigs',
  key: 32,
  request: message<DescribeConfigsRequest>({
    name: 'DescribeConfigsRequest',
    apiKey: 32,
    versions: { min: 0, max: 4 },
    flexibleFrom: 4,
    fields: {
      resources: array(resource),
      includeSynonyms: boolean.since(1),
      includeDocumentation: boolean.since(3),
    },
  }),
  response: message<DescribeConfigsResponse>({
    name: 'DescribeConfigsResponse',
    apiKey: 32,
    versions: { min: 0, max: 4 },
    flexibleFrom: 4,
    fields: {
      throttleTimeMs: int32,
      results: array(result),
    },
  }),
}
