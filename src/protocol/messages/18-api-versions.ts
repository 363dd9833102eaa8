import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface ApiVersionsRequest {
  /** DRAFT The name of the client. [since 3] */
  clientSoftwareName: string
  /** DRAFT The version of the client. [since 3] */
  clientSoftwareVersion: string
  /** DRAFT The cluster ID the client intends to connect to. Provide both ClusterId and NodeId, if known. [since 5, default null] */
  clusterId: string | null
  /** DRAFT The node ID the client intends to connect to. Provide both ClusterId and NodeId, if known. [since 5, default -1] */
  nodeId: number
}

/** DRAFT what it asks or answers */
export interface ApiVersionsResponse {
  /** DRAFT The top-level error code. */
  errorCode: number
  /** DRAFT The APIs supported by the broker. */
  apiKeys: ApiVersionsApiVersion[]
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. [since 1] */
  throttleTimeMs: number
  /** DRAFT Features supported by the broker. Note: in v0-v3, features with MinSupportedVersion = 0 are omitted. [since 3, tagged] */
  supportedFeatures: ApiVersionsSupportedFeatureKey[]
  /** DRAFT The monotonically increasing epoch for the finalized features information. Valid values are >= 0. A value of -1 is special and represents unknown epoch. [since 3, default -1, tagged] */
  finalizedFeaturesEpoch: bigint
  /** DRAFT List of cluster-wide finalized features. The information is valid only if FinalizedFeaturesEpoch >= 0. [since 3, tagged] */
  finalizedFeatures: ApiVersionsFinalizedFeatureKey[]
  /** DRAFT Set by a KRaft controller if the required configurations for ZK migration are present. [since 3, default false, tagged] */
  zkMigrationReady: boolean
}

export interface ApiVersionsApiVersion {
  /** DRAFT The API index. */
  apiKey: number
  /** DRAFT The minimum supported version, inclusive. */
  minVersion: number
  /** DRAFT The maximum supported version, inclusive. */
  maxVersion: number
}

export interface ApiVersionsSupportedFeatureKey {
  /** DRAFT The name of the feature. [since 3] */
  name: string
  /** DRAFT The minimum supported version for the feature. [since 3] */
  minVersion: number
  /** DRAFT The maximum supported version for the feature. [since 3] */
  maxVersion: number
}

export interface ApiVersionsFinalizedFeatureKey {
  /** DRAFT The name of the feature. [since 3] */
  name: string
  /** DRAFT The cluster-wide finalized max version level for the feature. [since 3] */
  maxVersionLevel: number
  /** DRAFT The cluster-wide finalized min version level for the feature. [since 3] */
  minVersionLevel: number
}

const apiVersion = struct<ApiVersionsApiVersion>({
  apiKey: int16,
  minVersion: int16,
  maxVersion: int16,
})

const supportedFeatureKey = struct<ApiVersionsSupportedFeatureKey>({
  name: string.since(3),
  minVersion: int16.since(3),
  maxVersion: int16.since(3),
})

const finalizedFeatureKey = struct<ApiVersionsFinalizedFeatureKey>({
  name: string.since(3),
  maxVersionLevel: int16.since(3),
  minVersionLevel: int16.since(3),
})

export const apiVersionsApi: Api<ApiVersionsRequest, ApiVersionsResponse> = {
  name: 'ApiVersions',
  key: 18,
  request: message<ApiVersionsRequest>({
    name: 'ApiVersionsRequest',
    apiKey: 18,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      clientSoftwareName: string.since(3).ignorable(),
      clientSoftwareVersion: string.since(3).ignorable(),
      clusterId: nullable(string, 5).since(5).default(null).ignorable(),
      nodeId: int32.since(5).default(-1).ignorable(),
    },
  }),
  response: message<ApiVersionsResponse>({
    name: 'ApiVersionsResponse',
    apiKey: 18,
    versions: { min: 0, max: 5 },
    flexibleFrom: 3,
    fields: {
      errorCode: int16,
      apiKeys: array(apiVersion),
      throttleTimeMs: int32.since(1).ignorable(),
      supportedFeatures: array(supportedFeatureKey).since(3).tagged(0).ignorable(),
      finalizedFeaturesEpoch: int64.since(3).tagged(1).default(-1n).ignorable(),
      finalizedFeatures: array(finalizedFeatureKey).since(3).tagged(2).ignorable(),
      zkMigrationReady: boolean.since(3).tagged(3).ignorable(),
    },
  }),
}
