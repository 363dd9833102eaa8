/** The registry's error codes (Java: io.confluent.kafka.schemaregistry.rest.exceptions.Errors) by name. */
export const registryErrorCodes = {
  SUBJECT_NOT_FOUND: 40401,
  VERSION_NOT_FOUND: 40402,
  SCHEMA_NOT_FOUND: 40403,
  SUBJECT_SOFT_DELETED: 40404,
  SUBJECT_NOT_SOFT_DELETED: 40405,
  VERSION_SOFT_DELETED: 40406,
  VERSION_NOT_SOFT_DELETED: 40407,
  SUBJECT_COMPATIBILITY_NOT_CONFIGURED: 40408,
  SUBJECT_MODE_NOT_CONFIGURED: 40409,
  ASSOCIATION_NOT_FOUND: 40410,
  INCOMPATIBLE_SCHEMA: 40901,
  INVALID_SCHEMA: 42201,
  INVALID_VERSION: 42202,
  INVALID_COMPATIBILITY_LEVEL: 42203,
  INVALID_MODE: 42204,
  OPERATION_NOT_PERMITTED: 42205,
  REFERENCE_EXISTS: 42206,
  ID_DOES_NOT_MATCH: 42207,
  INVALID_SUBJECT: 42208,
  SCHEMA_TOO_LARGE: 42209,
  INVALID_RULESET: 42210,
  CONTEXT_NOT_EMPTY: 42211,
  INVALID_ASSOCIATION: 42212,
  STORE_ERROR: 50001,
  OPERATION_TIMEOUT: 50002,
  REQUEST_FORWARDING_FAILED: 50003,
  UNKNOWN_LEADER: 50004,
} as const

/** Statuses after which the same request may succeed (Java: RestService.isRetriable). */
const RETRIABLE: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** Whether a request that was answered so may succeed when it is tried again. */
export function isRetriableStatus(status: number): boolean {
  return RETRIABLE.has(status)
}

/** What to do about a refusal, for the end of its message; empty when its own words say enough. */
export function remedy(status: number): string {
  if (status === 401) return ': check the credentials in the option auth'
  if (status === 403) return ': the credentials are known but lack the permission'
  if (status === 429) return ': too many requests, tried again without success'
  return ''
}
