import type { Api } from '../api.ts'
import { int16, int32, message, nullable, string } from '../schema.ts'

/**
 * Tells the active controller to forget a controller that has left for good. Since Kafka 4.4; the counterpart of
 * UnregisterBroker.
 */
export interface UnregisterControllerRequest {
  controllerId: number
}

/** Whether the controller was forgotten. */
export interface UnregisterControllerResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * CONTROLLER_ID_NOT_REGISTERED when there is no such controller, CLUSTER_AUTHORIZATION_FAILED; NOT_CONTROLLER and
   * REQUEST_TIMED_OUT may be tried again.
   */
  errorCode: number
  errorMessage: string | null
}

export const unregisterControllerApi: Api<UnregisterControllerRequest, UnregisterControllerResponse> = {
  name: 'UnregisterController',
  key: 94,
  request: message<UnregisterControllerRequest>({
    name: 'UnregisterControllerRequest',
    apiKey: 94,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { controllerId: int32 },
  }),
  response: message<UnregisterControllerResponse>({
    name: 'UnregisterControllerResponse',
    apiKey: 94,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16, errorMessage: nullable(string) },
  }),
}
