import type { Api } from '../api.ts'
import { array, boolean, float64, int16, int32, message, nullable, string, struct } from '../schema.ts'

/**
 * Sets and removes quotas of users, client ids and addresses (KIP-546). Any broker takes it. Needs AlterConfigs on the
 * cluster.
 */
export interface AlterClientQuotasRequest {
  /** Each entity once only. */
  entries: AlterClientQuotasEntry[]
  /** Whether only to check. */
  validateOnly: boolean
}

export interface AlterClientQuotasEntry {
  /** The parts that make up the entity: `user`, `client-id`, both, or `ip` alone. */
  entity: AlterClientQuotasEntity[]
  ops: AlterClientQuotasOp[]
}

export interface AlterClientQuotasEntity {
  entityType: string
  /** Null for the default entity of the type. */
  entityName: string | null
}

export interface AlterClientQuotasOp {
  /** As in DescribeClientQuotas; each once only. */
  key: string
  /** Above 0; ignored with `remove`. */
  value: number
  /** Whether to remove the quota. */
  remove: boolean
}

export interface AlterClientQuotasResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  entries: AlterClientQuotasResult[]
}

/** What became of one entity. */
export interface AlterClientQuotasResult {
  /**
   * INVALID_REQUEST for a combination of types, a key or a value that is not allowed, CLUSTER_AUTHORIZATION_FAILED.
   * NOT_CONTROLLER, of a controller that is not the active one, is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  entity: AlterClientQuotasEntity[]
}

const entity = struct<AlterClientQuotasEntity>({
  entityType: string,
  entityName: nullable(string),
})

const op = struct<AlterClientQuotasOp>({
  key: string,
  value: float64,
  remove: boolean,
})

const entry = struct<AlterClientQuotasEntry>({
  entity: array(entity),
  ops: array(op),
})

const result = struct<AlterClientQuotasResult>({
  errorCode: int16,
  errorMessage: nullable(string),
  entity: array(entity),
})

export const alterClientQuotasApi: Api<AlterClientQuotasRequest, AlterClientQuotasResponse> = {
  name: 'AlterClientQuotas',
  key: 49,
  request: message<AlterClientQuotasRequest>({
    name: 'AlterClientQuotasRequest',
    apiKey: 49,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: {
      entries: array(entry),
      validateOnly: boolean,
    },
  }),
  response: message<AlterClientQuotasResponse>({
    name: 'AlterClientQuotasResponse',
    apiKey: 49,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: {
      throttleTimeMs: int32,
      entries: array(result),
    },
  }),
}
