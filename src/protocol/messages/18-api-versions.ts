import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int64, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks a broker which APIs it offers at which versions: the first request of a connection, allowed before
 * authentication. A broker that does not know the version answers UNSUPPORTED_VERSION in the layout of version 0.
 */
export interface ApiVersionsRequest {
  /** Letters, digits, `.` and `-`, beginning and ending with a letter or digit (KIP-511). */
  clientSoftwareName: string
  /** Spelt like the name. */
  clientSoftwareVersion: string
  /** Cluster that the client expects; goes with `nodeId` (KIP-1242). */
  clusterId: string | null
  /** Broker that the client expects; -1 for any. */
  nodeId: number
}

export interface ApiVersionsResponse {
  /**
   * UNSUPPORTED_VERSION: ask again at the version that `apiKeys` gives for this API, or at 0 when it gives none.
   * INVALID_REQUEST: the software name or version is misspelt. REBOOTSTRAP_REQUIRED: this is another cluster or broker.
   */
  errorCode: number
  apiKeys: ApiVersionsKey[]
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /** Features that this broker could run. Those that start at level 0 are left out below version 4 (KAFKA-17011). */
  supportedFeatures: ApiVersionsSupportedFeature[]
  /** Rises with each change of `finalizedFeatures`; -1 when the broker does not know them. */
  finalizedFeaturesEpoch: bigint
  /** Features as the whole cluster runs them (KIP-584). */
  finalizedFeatures: ApiVersionsFinalizedFeature[]
  /** Set by controllers during a migration from ZooKeeper, which ended with Kafka 3.9. */
  zkMigrationReady: boolean
}

export interface ApiVersionsKey {
  apiKey: number
  /** First version, inclusive. */
  minVersion: number
  /** Last version, inclusive. */
  maxVersion: number
}

export interface ApiVersionsSupportedFeature {
  /** Such as `metadata.version` or `transaction.version`. */
  name: string
  minVersion: number
  maxVersion: number
}

export interface ApiVersionsFinalizedFeature {
  name: string
  /** The level in use. */
  maxVersionLevel: number
  minVersionLevel: number
}

const key = struct<ApiVersionsKey>({
  apiKey: int16,
  minVersion: int16,
  maxVersion: int16,
})

const supportedFeature = struct<ApiVersionsSupportedFeature>({
  name: string,
  minVersion: int16,
  maxVersion: int16,
})

const finalizedFeature = struct<ApiVersionsFinalizedFeature>({
  name: string,
  maxVersionLevel: int16,
  minVersionLevel: int16,
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
      apiKeys: array(key),
      throttleTimeMs: int32.since(1).ignorable(),
      supportedFeatures: array(supportedFeature).since(3).tagged(0).ignorable(),
      finalizedFeaturesEpoch: int64.since(3).tagged(1).default(-1n).ignorable(),
      finalizedFeatures: array(finalizedFeature).since(3).tagged(2).ignorable(),
      zkMigrationReady: boolean.since(3).tagged(3).ignorable(),
    },
  }),
}
