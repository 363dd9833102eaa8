import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Asks for the nodes of the cluster, without any topic (KIP-700). Any broker answers; from version 1 on a controller
 * does too (KIP-919).
 */
export interface DescribeClusterRequest {
  /** Whether to fill `clusterAuthorizedOperations`. */
  includeClusterAuthorizedOperations: boolean
  /**
   * 1 for brokers, 2 for controllers: the kind of node that the request is sent to, and that is to be listed. Default
   * 1.
   */
  endpointType: number
  /** Whether to list brokers that the controller has fenced off as well (KIP-1073). */
  includeFencedBrokers: boolean
}

/** The nodes of the cluster as one of them sees it. */
export interface DescribeClusterResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * MISMATCHED_ENDPOINT_TYPE when a broker was asked for controllers or the reverse, UNSUPPORTED_ENDPOINT_TYPE when it
   * knows no such type.
   */
  errorCode: number
  errorMessage: string | null
  /** The kind of node listed in `brokers`: 1 brokers, 2 controllers. */
  endpointType: number
  clusterId: string
  /**
   * From a controller the leader of the quorum; from a broker any broker that is up, since each passes admin requests
   * on. -1 when there is none.
   */
  controllerId: number
  brokers: DescribeClusterBroker[]
  /** Bit field of the operations that the client may perform on the cluster; -2147483648 when it did not ask. */
  clusterAuthorizedOperations: number
}

export interface DescribeClusterBroker {
  brokerId: number
  host: string
  port: number
  /** Null when it has no rack. */
  rack: string | null
  /** Whether the controller keeps it from serving clients. */
  isFenced: boolean
}

const broker = struct<DescribeClusterBroker>({
  brokerId: int32,
  host: string,
  port: int32,
  rack: nullable(string).default(null),
  isFenced: boolean.since(2),
})

export const describeClusterApi: Api<DescribeClusterRequest, DescribeClusterResponse> = {
  name: 'DescribeCluster',
  key: 60,
  request: message<DescribeClusterRequest>({
    name: 'DescribeClusterRequest',
    apiKey: 60,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      includeClusterAuthorizedOperations: boolean,
      endpointType: int8.since(1).default(1),
      includeFencedBrokers: boolean.since(2),
    },
  }),
  response: message<DescribeClusterResponse>({
    name: 'DescribeClusterResponse',
    apiKey: 60,
    versions: { min: 0, max: 2 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      errorMessage: nullable(string).default(null),
      endpointType: int8.since(1).default(1),
      clusterId: string,
      controllerId: int32.default(-1),
      brokers: array(broker),
      clusterAuthorizedOperations: int32.default(-2147483648),
    },
  }),
}
