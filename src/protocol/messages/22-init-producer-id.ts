import type { Api } from '../api.ts'
import { boolean, int16, int32, int64, message, nullable, string } from '../schema.ts'

/** DRAFT what it asks or answers */
export interface InitProducerIdRequest {
  /** DRAFT The transactional id, or null if the producer is not transactional. */
  transactionalId: string | null
  /** DRAFT The time in ms to wait before aborting idle transactions sent by this producer. This is only relevant if a TransactionalId has been defined. */
  transactionTimeoutMs: number
  /** DRAFT The producer id. This is used to disambiguate requests if a transactional id is reused following its expiration. [since 3, default -1] */
  producerId: bigint
  /** DRAFT The producer's current epoch. This will be checked against the producer epoch on the broker, and the request will return an error if they do not match. [since 3, default -1] */
  producerEpoch: number
  /** DRAFT True if the client wants to enable two-phase commit (2PC) protocol for transactions. [since 6, default false] */
  enable2Pc: boolean
  /** DRAFT True if the client wants to keep the currently ongoing transaction instead of aborting it. [since 6, default false] */
  keepPreparedTxn: boolean
}

/** DRAFT what it asks or answers */
export interface InitProducerIdResponse {
  /** DRAFT The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  throttleTimeMs: number
  /** DRAFT The error code, or 0 if there was no error. */
  errorCode: number
  /** DRAFT The current producer id. [default -1] */
  producerId: bigint
  /** DRAFT The current epoch associated with the producer id. */
  producerEpoch: number
  /** DRAFT The producer id for ongoing transaction when KeepPreparedTxn is used, -1 if there is no transaction ongoing. [since 6, default -1] */
  ongoingTxnProducerId: bigint
  /** DRAFT The epoch associated with the  producer id for ongoing transaction when KeepPreparedTxn is used, -1 if there is no transaction ongoing. [since 6, default -1] */
  ongoingTxnProducerEpoch: number
}

export const initProducerIdApi: Api<InitProducerIdRequest, InitProducerIdResponse> = {
  name: 'InitProducerId',
  key: 22,
  request: message<InitProducerIdRequest>({
    name: 'InitProducerIdRequest',
    apiKey: 22,
    versions: { min: 0, max: 6 },
    flexibleFrom: 2,
    fields: {
      transactionalId: nullable(string),
      transactionTimeoutMs: int32,
      producerId: int64.since(3).default(-1n),
      producerEpoch: int16.since(3).default(-1),
      enable2Pc: boolean.since(6),
      keepPreparedTxn: boolean.since(6),
    },
  }),
  response: message<InitProducerIdResponse>({
    name: 'InitProducerIdResponse',
    apiKey: 22,
    versions: { min: 0, max: 6 },
    flexibleFrom: 2,
    fields: {
      throttleTimeMs: int32.ignorable(),
      errorCode: int16,
      producerId: int64.default(-1n),
      producerEpoch: int16,
      ongoingTxnProducerId: int64.since(6).default(-1n),
      ongoingTxnProducerEpoch: int16.since(6).default(-1),
    },
  }),
}
