import { ERROR, errorOf } from '../protocol/error-codes.ts'

/** What an error code in answer to a transactional request means for the transaction. */
export type Verdict =
  | 'done'
  /** The same request again, after a pause. */
  | 'retry'
  /** The same, at whoever is the coordinator now. */
  | 'look up'
  | 'abortable'
  /** Abortable where the producer can go on under a new epoch, else fatal (KIP-360). */
  | 'abortable by epoch'
  | 'fenced'
  | 'fatal'

/** How the codes of one API differ from what they mean elsewhere. */
export interface VerdictTable {
  readonly codes: ReadonlyMap<number, Verdict>
  /** Of codes that are in no table and say nothing about trying again. */
  readonly otherwise: Verdict
}

const {
  CLUSTER_AUTHORIZATION_FAILED,
  COORDINATOR_NOT_AVAILABLE,
  FENCED_INSTANCE_ID,
  GROUP_AUTHORIZATION_FAILED,
  GROUP_ID_NOT_FOUND,
  ILLEGAL_GENERATION,
  INVALID_PRODUCER_EPOCH,
  INVALID_PRODUCER_ID_MAPPING,
  INVALID_TXN_STATE,
  NONE,
  NOT_COORDINATOR,
  PRODUCER_FENCED,
  REQUEST_TIMED_OUT,
  STALE_MEMBER_EPOCH,
  TRANSACTION_ABORTABLE,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  UNKNOWN_MEMBER_ID,
  UNKNOWN_PRODUCER_ID,
} = ERROR

const COMMON: ReadonlyMap<number, Verdict> = new Map([
  [NONE, 'done'],
  [NOT_COORDINATOR, 'look up'],
  [COORDINATOR_NOT_AVAILABLE, 'look up'],
  // Older coordinators say one, newer ones the other.
  [PRODUCER_FENCED, 'fenced'],
  [INVALID_PRODUCER_EPOCH, 'fenced'],
  [TRANSACTION_ABORTABLE, 'abortable'],
])

/** Java: TransactionManager.InitProducerIdHandler. Without rights nothing has begun, so that it can be tried again. */
export const INIT_PRODUCER_ID: VerdictTable = {
  codes: new Map([
    [TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'abortable'],
    [CLUSTER_AUTHORIZATION_FAILED, 'abortable'],
  ]),
  otherwise: 'fatal',
}

/** Java: AddPartitionsToTxnHandler. */
export const ADD_PARTITIONS: VerdictTable = {
  codes: new Map([
    [TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'fatal'],
    [INVALID_TXN_STATE, 'fatal'],
    [INVALID_PRODUCER_ID_MAPPING, 'fatal'],
    [UNKNOWN_PRODUCER_ID, 'abortable by epoch'],
  ]),
  otherwise: 'abortable',
}

/** Java: AddOffsetsToTxnHandler. */
export const ADD_OFFSETS: VerdictTable = {
  codes: new Map([
    [UNKNOWN_PRODUCER_ID, 'abortable by epoch'],
    [GROUP_AUTHORIZATION_FAILED, 'abortable'],
  ]),
  otherwise: 'fatal',
}

/** Java: TxnOffsetCommitHandler. The group has moved on where it is about the member. */
export const TXN_OFFSET_COMMIT: VerdictTable = {
  codes: new Map([
    [REQUEST_TIMED_OUT, 'look up'],
    [GROUP_AUTHORIZATION_FAILED, 'abortable'],
    [FENCED_INSTANCE_ID, 'abortable'],
    [UNKNOWN_MEMBER_ID, 'abortable'],
    [ILLEGAL_GENERATION, 'abortable'],
    [STALE_MEMBER_EPOCH, 'abortable'],
    [GROUP_ID_NOT_FOUND, 'abortable'],
  ]),
  otherwise: 'fatal',
}

/** Java: EndTxnHandler, for a commit. */
export const COMMIT: VerdictTable = {
  codes: new Map([[UNKNOWN_PRODUCER_ID, 'abortable by epoch']]),
  otherwise: 'fatal',
}

/** Java: EndTxnHandler, for an abort: one that has to be aborted itself would go round in circles. */
export const ABORT: VerdictTable = { codes: new Map([[TRANSACTION_ABORTABLE, 'fatal']]), otherwise: 'fatal' }

/** An abort of what may never have begun: the coordinator then knows of no transaction to abort. */
export const ABORT_IF_OPEN: VerdictTable = {
  codes: new Map([...ABORT.codes, [INVALID_TXN_STATE, 'done']]),
  otherwise: 'fatal',
}

export function verdictOf(code: number, { codes, otherwise }: VerdictTable): Verdict {
  return codes.get(code) ?? COMMON.get(code) ?? (errorOf(code).retriable ? 'retry' : otherwise)
}
