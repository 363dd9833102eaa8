import type { Api } from '../api.ts'
import { array, boolean, float64, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks for the quotas of users, client ids and addresses (KIP-546). Any broker answers. Needs DescribeConfigs on the
 * cluster.
 */
export interface DescribeClientQuotasRequest {
  /**
   * What an entity must match, all of it; each entity type once at most, and `ip` only alone. Empty for all entities.
   */
  components: DescribeClientQuotasComponent[]
  /** Whether to leave out entities that have a type no component names. */
  strict: boolean
}

export interface DescribeClientQuotasComponent {
  /** `user`, `client-id` or `ip` (KIP-612). */
  entityType: string
  /** 0 the entity named `match`, 1 the default entity, 2 any entity of the type. */
  matchType: number
  /** Null unless `matchType` is 0. */
  match: string | null
}

export interface DescribeClientQuotasResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * INVALID_REQUEST for components that contradict each other, UNSUPPORTED_VERSION for an entity type that the broker
   * does not know, CLUSTER_AUTHORIZATION_FAILED.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  /** Null after an error. */
  entries: DescribeClientQuotasEntry[] | null
}

export interface DescribeClientQuotasEntry {
  /** The parts that make up the entity, such as a user together with a client id. */
  entity: DescribeClientQuotasEntity[]
  values: DescribeClientQuotasValue[]
}

export interface DescribeClientQuotasEntity {
  entityType: string
  /** Null for the default entity of the type. */
  entityName: string | null
}

export interface DescribeClientQuotasValue {
  /**
   * `producer_byte_rate` and `consumer_byte_rate` (bytes per second), `request_percentage` (of one thread's time),
   * `controller_mutation_rate` (partitions per second, KIP-599), `connection_creation_rate` (per second, KIP-612).
   */
  key: string
  value: number
}

const component = struct<DescribeClientQuotasComponent>({
  entityType: string,
  matchType: int8,
  match: nullable(string),
})

const entity = struct<DescribeClientQuotasEntity>({
  entityType: string,
  entityName: nullable(string),
})

const value = struct<DescribeClientQuotasValue>({
  key: string,
  value: float64,
})

const entry = struct<DescribeClientQuotasEntry>({
  entity: array(entity),
  values: array(value),
})

export const describeClientQuotasApi: Api<DescribeClientQuotasRequest, DescribeClientQuotasResponse> = {
  name: 'DescribeClientQuotas',
  key: 48,
  request: message<DescribeClientQuotasRequest>({
    name: 'DescribeClientQuotasRequest',
    apiKey: 48,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: {
      components: array(component),
      strict: boolean,
    },
  }),
  response: message<DescribeClientQuotasResponse>({
    name: 'DescribeClientQuotasResponse',
    apiKey: 48,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string),
      entries: nullable(array(entry)),
    },
  }),
}
