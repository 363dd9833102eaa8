import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Raises or lowers the feature levels that the cluster has finalized, such as `metadata.version` (KIP-584). Goes to the
 * controller, needs Alter on the cluster. ApiVersions tells the present levels.
 */
export interface UpdateFeaturesRequest {
  /** How long the controller may take. Default 60000. */
  timeoutMs: number
  featureUpdates: UpdateFeaturesUpdate[]
  /** Whether only to check (KIP-778). */
  validateOnly: boolean
}

export interface UpdateFeaturesUpdate {
  feature: string
  /** The level to end up with; 0 turns the feature off. */
  maxVersionLevel: number
  /** In version 0 only: whether the level may become lower. */
  allowDowngrade: boolean
  /** From version 1 on: 1 raise only, 2 lower if nothing is lost by it, 3 lower at any loss (KIP-778). Default 1. */
  upgradeType: number
}

export interface UpdateFeaturesResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * CLUSTER_AUTHORIZATION_FAILED; from version 2 on also what a feature was refused for, since all are updated or none
   * is. NOT_CONTROLLER is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  /** Up to version 1, one for each feature. */
  results: UpdateFeaturesResult[]
}

export interface UpdateFeaturesResult {
  feature: string
  /**
   * INVALID_UPDATE_VERSION when a node does not support the level or the type of upgrade forbids it,
   * FEATURE_UPDATE_FAILED.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
}

const update = struct<UpdateFeaturesUpdate>({
  feature: string,
  maxVersionLevel: int16,
  allowDowngrade: boolean.until(0),
  upgradeType: int8.since(1).default(1),
})

const result = struct<UpdateFeaturesResult>({
  feature: string,
  errorCode: int16,
  errorMessage: nullable(string),
})

export const updateFeaturesApi: Api<UpdateFeaturesRequest, UpdateFeaturesResponse> = {
  name: 'UpdateFeatures',
  key: 57,
  request: message<UpdateFeaturesRequest>({
    name: 'UpdateFeaturesRequest',
    apiKey: 57,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      timeoutMs: int32.default(60000),
      featureUpdates: array(update),
      validateOnly: boolean.since(1),
    },
  }),
  response: message<UpdateFeaturesResponse>({
    name: 'UpdateFeaturesResponse',
    apiKey: 57,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string),
      results: array(result).until(1).ignorable(),
    },
  }),
}
