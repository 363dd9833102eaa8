import type { Api } from '../api.ts'
import { boolean, bytes, int16, int32, int8, message, uuid } from '../schema.ts'

/** Hands the client's metrics to a broker, as GetTelemetrySubscriptions asked for them (KIP-714). */
export interface PushTelemetryRequest {
  clientInstanceId: string
  /** From the last GetTelemetrySubscriptions. */
  subscriptionId: number
  /** Whether this is the client's last push: it may come before the interval is over, and nothing may follow. */
  terminating: boolean
  /** Codec of `metrics`, one of the accepted ones: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  compressionType: number
  /** MetricsData of OpenTelemetry's protobuf schema v1, compressed. */
  metrics: Uint8Array
}

/** Whether the push was taken. */
export interface PushTelemetryResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * UNKNOWN_SUBSCRIPTION_ID and UNSUPPORTED_COMPRESSION_TYPE: get the subscriptions again, at once; TELEMETRY_TOO_LARGE
   * and THROTTLING_QUOTA_EXCEEDED (pushed too early): drop this push, go on with the next; INVALID_RECORD (the metrics
   * could not be read), INVALID_REQUEST (such as a push after the last one) and UNSUPPORTED_VERSION: stop pushing.
   */
  errorCode: number
}

export const pushTelemetryApi: Api<PushTelemetryRequest, PushTelemetryResponse> = {
  name: 'PushTelemetry',
  key: 72,
  request: message<PushTelemetryRequest>({
    name: 'PushTelemetryRequest',
    apiKey: 72,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      clientInstanceId: uuid,
      subscriptionId: int32,
      terminating: boolean,
      compressionType: int8,
      metrics: bytes,
    },
  }),
  response: message<PushTelemetryResponse>({
    name: 'PushTelemetryResponse',
    apiKey: 72,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16 },
  }),
}
