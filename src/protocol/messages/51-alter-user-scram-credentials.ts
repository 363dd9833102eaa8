import type { Api } from '../api.ts'
import { array, bytes, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Sets and removes SCRAM credentials of users (KIP-554). Goes to the controller, needs Alter on the cluster. The
 * password itself never travels: the client salts and hashes it.
 */
export interface AlterUserScramCredentialsRequest {
  deletions: AlterUserScramCredentialsDeletion[]
  upsertions: AlterUserScramCredentialsUpsertion[]
}

export interface AlterUserScramCredentialsDeletion {
  name: string
  /** 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  mechanism: number
}

export interface AlterUserScramCredentialsUpsertion {
  name: string
  /** 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  mechanism: number
  /** From 4096 to 16384. */
  iterations: number
  /** Random bytes. */
  salt: Uint8Array
  /**
   * RFC 5802's SaltedPassword: PBKDF2 of the password's UTF-8 by the mechanism's HMAC. As good as the password: keep it
   * out of logs.
   */
  saltedPassword: Uint8Array
}

export interface AlterUserScramCredentialsResponse {
  /** Milliseconds to wait before the next request after a quota was exceeded. */
  throttleTimeMs: number
  /** One for each user. */
  results: AlterUserScramCredentialsResult[]
}

export interface AlterUserScramCredentialsResult {
  user: string
  /**
   * RESOURCE_NOT_FOUND when there is nothing to delete, DUPLICATE_RESOURCE when the request alters a credential twice,
   * UNACCEPTABLE_CREDENTIAL for an empty name or too few or many iterations, UNSUPPORTED_SASL_MECHANISM,
   * UNSUPPORTED_VERSION while the cluster's metadata version is too old for SCRAM, CLUSTER_AUTHORIZATION_FAILED.
   * NOT_CONTROLLER is retried.
   */
  errorCode: number
  /** Null when all went well. */
  errorMessage: string | null
}

const deletion = struct<AlterUserScramCredentialsDeletion>({
  name: string,
  mechanism: int8,
})

const upsertion = struct<AlterUserScramCredentialsUpsertion>({
  name: string,
  mechanism: int8,
  iterations: int32,
  salt: bytes,
  saltedPassword: bytes,
})

const result = struct<AlterUserScramCredentialsResult>({
  user: string,
  errorCode: int16,
  errorMessage: nullable(string),
})

export const alterUserScramCredentialsApi: Api<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse> = {
  name: 'AlterUserScramCredentials',
  key: 51,
  request: message<AlterUserScramCredentialsRequest>({
    name: 'AlterUserScramCredentialsRequest',
    apiKey: 51,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      deletions: array(deletion),
      upsertions: array(upsertion),
    },
  }),
  response: message<AlterUserScramCredentialsResponse>({
    name: 'AlterUserScramCredentialsResponse',
    apiKey: 51,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: {
      throttleTimeMs: int32,
      results: array(result),
    },
  }),
}
