import type { Api } from '../api.ts'
import { array, boolean, int16, int32, int8, message, string, uuid } from '../schema.ts'

/** Asks a broker which of the client's own metrics the cluster wants pushed (KIP-714). */
export interface GetTelemetrySubscriptionsRequest {
  /** The zero UUID at first; from then on the id that the broker gave, also towards other brokers. */
  clientInstanceId: string
}

/** What to push, how often and in which form. */
export interface GetTelemetrySubscriptionsResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * THROTTLING_QUOTA_EXCEEDED when asked again before the interval was over; INVALID_REQUEST and UNSUPPORTED_VERSION:
   * do without telemetry.
   */
  errorCode: number
  /** A new id when the request had none, else the zero UUID. */
  clientInstanceId: string
  /** Stands for the set of subscriptions; goes into every push, so that the broker notices an outdated one. */
  subscriptionId: number
  /** Codecs that a push may use, best first: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  acceptedCompressionTypes: number[]
  /** Milliseconds between pushes; also until the next GetTelemetrySubscriptions when there is nothing to push. */
  pushIntervalMs: number
  /** Largest push in bytes, after compression. */
  telemetryMaxBytes: number
  /** Whether counters tell what was added since the last push, rather than the total. */
  deltaTemporality: boolean
  /**
   * Prefixes of metric names. An empty list wants nothing; a list of one string that is empty or `*` wants all (Java's
   * ClientTelemetryUtils has the `*`).
   */
  requestedMetrics: string[]
}

export const getTelemetrySubscriptionsApi: Api<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse> = {
  name: 'GetTelemetrySubscriptions',
  key: 71,
  request: message<GetTelemetrySubscriptionsRequest>({
    name: 'GetTelemetrySubscriptionsRequest',
    apiKey: 71,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { clientInstanceId: uuid },
  }),
  response: message<GetTelemetrySubscriptionsResponse>({
    name: 'GetTelemetrySubscriptionsResponse',
    apiKey: 71,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      errorCode: int16,
      clientInstanceId: uuid,
      subscriptionId: int32,
      acceptedCompressionTypes: array(int8),
      pushIntervalMs: int32,
      telemetryMaxBytes: int32,
      deltaTemporality: boolean,
      requestedMetrics: array(string),
    },
  }),
}
