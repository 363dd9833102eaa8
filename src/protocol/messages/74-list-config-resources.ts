import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, string, struct } from '../schema.ts'

/**
 * Asks for the names of what can have a configuration (KIP-1142). Version 0 was called ListClientMetricsResources and
 * lists client metrics subscriptions only (KIP-1000).
 */
export interface ListConfigResourcesRequest {
  /** 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group. Empty for all that the broker can list. */
  resourceTypes: number[]
}

/** The resources, one entry each. */
export interface ListConfigResourcesResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** CLUSTER_AUTHORIZATION_FAILED, or UNSUPPORTED_VERSION when the broker cannot list one of the types. */
  errorCode: number
  configResources: ListConfigResourcesResource[]
}

export interface ListConfigResourcesResource {
  resourceName: string
  /** Numbered as in the request. Default 16: version 0 lists nothing else. */
  resourceType: number
}

const resource = struct<ListConfigResourcesResource>({
  resourceName: string,
  resourceType: int8.since(1).default(16).ignorable(),
})

export const listConfigResourcesApi: Api<ListConfigResourcesRequest, ListConfigResourcesResponse> = {
  name: 'ListConfigResources',
  key: 74,
  request: message<ListConfigResourcesRequest>({
    name: 'ListConfigResourcesRequest',
    apiKey: 74,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { resourceTypes: array(int8).since(1) },
  }),
  response: message<ListConfigResourcesResponse>({
    name: 'ListConfigResourcesResponse',
    apiKey: 74,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16, configResources: array(resource) },
  }),
}
