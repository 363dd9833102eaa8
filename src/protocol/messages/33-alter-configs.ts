import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Replaces the configuration of resources: every dynamic setting that is not named falls back to its default (KIP-133).
 * IncrementalAlterConfigs took its place in 2.3; this one remains for brokers before that.
 */
export interface AlterConfigsRequest {
  resources: AlterConfigsResource[]
  /** Whether only to check. */
  validateOnly: boolean
}

export interface AlterConfigsResource {
  /** 2 topic, 4 broker, 16 client metrics, 32 group. */
  resourceType: number
  /**
   * A topic, a node id (the request then goes to that broker), a subscription or a group. Empty with type 4: all
   * brokers.
   */
  resourceName: string
  configs: AlterConfigsConfig[]
}

export interface AlterConfigsConfig {
  name: string
  /** Null is refused with INVALID_REQUEST: leave a setting out to have its default. */
  value: string | null
}

export interface AlterConfigsResponse {
  /** Milliseconds to wait before the next request; from version 1 on the broker does not wait itself (KIP-219). */
  throttleTimeMs: number
  responses: AlterConfigsResult[]
}

export interface AlterConfigsResult {
  /**
   * INVALID_CONFIG, INVALID_REQUEST, POLICY_VIOLATION, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION,
   * TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED. NOT_CONTROLLER, of a
   * controller that is not the active one, is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

const config = struct<AlterConfigsConfig>({
  name: string,
  value: nullable(string),
})

const resource = struct<AlterConfigsResource>({
  resourceType: int8,
  resourceName: string,
  configs: array(config),
})

const result = struct<AlterConfigsResult>({
  errorCode: int16,
  errorMessage: nullable(string),
  resourceType: int8,
  resourceName: string,
})

export const alterConfigsApi: Api<AlterConfigsRequest, AlterConfigsResponse> = {
  name: 'AlterConfigs',
  key: 33,
  request: message<AlterConfigsRequest>({
    name: 'AlterConfigsRequest',
    apiKey: 33,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      resources: array(resource),
      validateOnly: boolean,
    },
  }),
  response: message<AlterConfigsResponse>({
    name: 'AlterConfigsResponse',
    apiKey: 33,
    versions: { min: 0, max: 2 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32,
      responses: array(result),
    },
  }),
}
