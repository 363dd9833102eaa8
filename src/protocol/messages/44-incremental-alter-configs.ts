import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/** Changes single settings of resources and leaves the others as they are (KIP-339). Brokers have it from 2.3 on. */
export interface IncrementalAlterConfigsRequest {
  resources: IncrementalAlterConfigsResource[]
  /** Whether only to check. */
  validateOnly: boolean
}

export interface IncrementalAlterConfigsResource {
  /** 2 topic, 4 broker, 8 broker logger (KIP-412), 16 client metrics (KIP-714), 32 group (KIP-848). */
  resourceType: number
  /**
   * A topic, a node id (of types 4 and 8, and the request then goes to that broker), a subscription or a group. Empty
   * with type 4: the dynamic defaults of all brokers.
   */
  resourceName: string
  /** A name may occur once only. */
  configs: IncrementalAlterConfigsConfig[]
}

export interface IncrementalAlterConfigsConfig {
  name: string
  /** 0 set, 1 delete (back to the default), 2 append and 3 subtract (of a setting that is a list). */
  configOperation: number
  /** Items separated by commas with 2 and 3. Null goes with 1 only. */
  value: string | null
}

export interface IncrementalAlterConfigsResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  responses: IncrementalAlterConfigsResult[]
}

export interface IncrementalAlterConfigsResult {
  /**
   * INVALID_CONFIG for an unknown name, a bad value, or an append to what is no list; INVALID_REQUEST,
   * POLICY_VIOLATION, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED,
   * CLUSTER_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED. NOT_CONTROLLER, of a controller that is not the active
   * one, is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

const config = struct<IncrementalAlterConfigsConfig>({
  name: string,
  configOperation: int8,
  value: nullable(string),
})

const resource = struct<IncrementalAlterConfigsResource>({
  resourceType: int8,
  resourceName: string,
  configs: array(config),
})

const result = struct<IncrementalAlterConfigsResult>({
  errorCode: int16,
  errorMessage: nullable(string),
  resourceType: int8,
  resourceName: string,
})

export const incrementalAlterConfigsApi: Api<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> = {
  name: 'IncrementalAlterConfigs',
  key: 44,
  request: message<IncrementalAlterConfigsRequest>({
    name: 'IncrementalAlterConfigsRequest',
    apiKey: 44,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: {
      resources: array(resource),
      validateOnly: boolean,
    },
  }),
  response: message<IncrementalAlterConfigsResponse>({
    name: 'IncrementalAlterConfigsResponse',
    apiKey: 44,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: {
      throttleTimeMs: int32,
      responses: array(result),
    },
  }),
}
