import type { Api } from '../api.ts'
import { int16, int32, message, nullable, string } from '../schema.ts'

/** Tells the controller to forget a broker that has left for good (KRaft only, KIP-631). */
export interface UnregisterBrokerRequest {
  brokerId: number
}

/** Whether the broker was forgotten. */
export interface UnregisterBrokerResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * BROKER_ID_NOT_REGISTERED when there is no such broker, CLUSTER_AUTHORIZATION_FAILED; NOT_CONTROLLER and
   * REQUEST_TIMED_OUT may be tried again.
   */
  errorCode: number
  errorMessage: string | null
}

export const unregisterBrokerApi: Api<UnregisterBrokerRequest, UnregisterBrokerResponse> = {
  name: 'UnregisterBroker',
  key: 64,
  request: message<UnregisterBrokerRequest>({
    name: 'UnregisterBrokerRequest',
    apiKey: 64,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { brokerId: int32 },
  }),
  response: message<UnregisterBrokerResponse>({
    name: 'UnregisterBrokerResponse',
    apiKey: 64,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16, errorMessage: nullable(string) },
  }),
}
