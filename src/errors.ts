/** Options shared by every kafkawire error. */
export interface KafkaErrorOptions {
  /** Whether the same operation can succeed when it is tried again unchanged. Default false. */
  retriable?: boolean
  /** The error that led to this one. */
  cause?: unknown
}

/**
 * Base of every error that kafkawire throws. `code` is stable across releases: match on it, never on the message.
 * An aborted operation is the one exception: it rejects with the `reason` of its AbortSignal.
 */
export class KafkaError extends Error {
  static {
    this.prototype.name = 'KafkaError'
  }
  /** Stable identifier, `KAFKA_…`. */
  readonly code: string
  /** Whether the same operation can succeed when it is tried again unchanged. */
  readonly retriable: boolean

  constructor(code: string, message: string, options: KafkaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable ?? false
  }
}

/** A connection could not be made, or was lost with requests in flight. */
export class ConnectionError extends KafkaError {
  static {
    this.prototype.name = 'ConnectionError'
  }
  readonly host: string
  readonly port: number

  constructor(message: string, at: { host: string; port: number }, options: KafkaErrorOptions = {}) {
    super('KAFKA_CONNECTION', message, { retriable: true, ...options })
    this.host = at.host
    this.port = at.port
  }
}

/** An operation did not finish within its deadline. */
export class TimeoutError extends KafkaError {
  static {
    this.prototype.name = 'TimeoutError'
  }
  readonly operation: string
  readonly timeoutMs: number

  constructor(operation: string, timeoutMs: number, options: KafkaErrorOptions & { hint?: string } = {}) {
    const hint = options.hint === undefined ? '' : `: ${options.hint}`
    super('KAFKA_TIMEOUT', `${operation} did not finish within ${timeoutMs} ms${hint}`, { retriable: true, ...options })
    this.operation = operation
    this.timeoutMs = timeoutMs
  }
}

/** The producer, consumer, admin client or connection was closed before or during the operation. */
export class ClosedError extends KafkaError {
  static {
    this.prototype.name = 'ClosedError'
  }

  constructor(what: string, options: KafkaErrorOptions = {}) {
    super('KAFKA_CLOSED', `${what} is closed`, options)
  }
}

/** The broker refused the credentials, or the TLS peer was not accepted. Never carries the credentials. */
export class AuthenticationError extends KafkaError {
  static {
    this.prototype.name = 'AuthenticationError'
  }
  readonly mechanism: string

  constructor(message: string, mechanism: string, options: KafkaErrorOptions = {}) {
    super('KAFKA_AUTHENTICATION', message, options)
    this.mechanism = mechanism
  }
}

/** Bytes that are not a valid encoding of what was expected. */
export class DecodeError extends KafkaError {
  static {
    this.prototype.name = 'DecodeError'
  }
  /** Byte offset into the decoded input at which decoding stopped. */
  readonly offset: number
  /** Where in the structure, such as `FetchResponse.responses[0].partitions[2].records`; empty when unknown. */
  readonly path: string
  /** What is wrong, without the place. */
  readonly reason: string

  constructor(reason: string, at: { offset: number; path?: string }, options: KafkaErrorOptions = {}) {
    const path = at.path ?? ''
    super(
      'KAFKA_DECODE',
      `${path === '' ? 'cannot decode' : `cannot decode ${path}`} at byte ${at.offset}: ${reason}`,
      options,
    )
    this.reason = reason
    this.offset = at.offset
    this.path = path
  }
}

/** A value that its field cannot carry: a wrong type, out of range, or null where null is not allowed. */
export class EncodeError extends KafkaError {
  static {
    this.prototype.name = 'EncodeError'
  }
  /** Where in the structure, such as `MetadataRequest.topics[0].name`. */
  readonly path: string
  /** What is wrong, without the place. */
  readonly reason: string

  constructor(reason: string, path = '', options: KafkaErrorOptions = {}) {
    super('KAFKA_ENCODE', `${path === '' ? 'cannot encode' : `cannot encode ${path}`}: ${reason}`, options)
    this.reason = reason
    this.path = path
  }
}

/** An inclusive range of API versions. */
export interface VersionRange {
  min: number
  max: number
}

/** Client and broker have no version of an API in common, or the version in use cannot carry a field. */
export class UnsupportedVersionError extends KafkaError {
  static {
    this.prototype.name = 'UnsupportedVersionError'
  }
  readonly api: string
  /** Versions that kafkawire speaks. */
  readonly client: VersionRange | undefined
  /** Versions that the broker offers; undefined when it does not offer the API at all. */
  readonly broker: VersionRange | undefined

  constructor(
    message: string,
    versions: { api: string; client?: VersionRange | undefined; broker?: VersionRange | undefined },
    options: KafkaErrorOptions = {},
  ) {
    super('KAFKA_UNSUPPORTED_VERSION', message, options)
    this.api = versions.api
    this.client = versions.client
    this.broker = versions.broker
  }
}

/** What a broker error was about. */
export interface BrokerErrorContext {
  api: string
  topic?: string | undefined
  partition?: number | undefined
}

/** An error code that a broker answered with; `name` of the code is in `errorName`, such as `UNKNOWN_TOPIC_OR_PARTITION`. */
export class BrokerError extends KafkaError {
  static {
    this.prototype.name = 'BrokerError'
  }
  /** Kafka's name of the code. */
  readonly errorName: string
  /** Kafka's number of the code. */
  readonly errorCode: number
  readonly api: string
  readonly topic: string | undefined
  readonly partition: number | undefined

  constructor(
    error: { name: string; code: number; message: string; retriable: boolean },
    context: BrokerErrorContext,
    options: Omit<KafkaErrorOptions, 'retriable'> = {},
  ) {
    const where =
      context.topic === undefined
        ? ''
        : ` for ${context.partition === undefined ? `topic ${context.topic}` : `partition ${context.topic}-${context.partition}`}`
    super('KAFKA_BROKER', `${context.api} failed${where}: ${error.name} (${error.code}): ${error.message}`, {
      ...options,
      retriable: error.retriable,
    })
    this.errorName = error.name
    this.errorCode = error.code
    this.api = context.api
    this.topic = context.topic
    this.partition = context.partition
  }
}

/** Compressed bytes that cannot be read or made, or a codec that the runtime does not allow. */
export class CompressionError extends KafkaError {
  static {
    this.prototype.name = 'CompressionError'
  }
  /** The codec: gzip, snappy, lz4 or zstd. */
  readonly codec: string

  constructor(message: string, codec: string, options: KafkaErrorOptions = {}) {
    super('KAFKA_COMPRESSION', message, options)
    this.codec = codec
  }
}

/** Where a record that cannot be read stands. */
export interface RecordPlace {
  topic: string
  partition: number
  offset: number
  nextOffset: number
}

/** A record, or a batch of records, that cannot be read; `cause` tells why. Seeking to `nextOffset` leaves it out. */
export class RecordError extends KafkaError {
  static {
    this.prototype.name = 'RecordError'
  }
  readonly topic: string
  readonly partition: number
  /** Offset of the record, or of the first record of the batch that is still to be read. */
  readonly offset: number
  /** Where reading can go on behind it. */
  readonly nextOffset: number

  constructor(what: string, at: RecordPlace, options: KafkaErrorOptions = {}) {
    const { topic, partition, offset, nextOffset } = at
    super(
      'KAFKA_RECORD',
      `${what} at offset ${offset} of ${topic}-${partition} cannot be read: seek to ${nextOffset} to go past it`,
      options,
    )
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.nextOffset = nextOffset
  }
}

/** Where a log forks from what was read of it. */
export interface TruncationPlace {
  topic: string
  partition: number
  offset: number
  divergentOffset: number | undefined
}

/**
 * Records that were read are in the log no more, or others in their place, as after an unclean election (KIP-320); thrown only where
 * `autoOffsetReset` is `none`. Seeking says where to go on.
 */
export class LogTruncationError extends KafkaError {
  static {
    this.prototype.name = 'LogTruncationError'
  }
  readonly topic: string
  readonly partition: number
  /** Where reading was to go on. */
  readonly offset: number
  /** First offset at which the log is known to differ from what was read; undefined when the broker cannot tell. */
  readonly divergentOffset: number | undefined

  constructor({ topic, partition, offset, divergentOffset }: TruncationPlace, options: KafkaErrorOptions = {}) {
    const where = divergentOffset === undefined ? 'somewhere before' : `at offset ${divergentOffset}, before`
    super(
      'KAFKA_LOG_TRUNCATION',
      `the log of ${topic}-${partition} was truncated ${where} offset ${offset}, and autoOffsetReset is 'none': seek to where reading is to go on`,
      options,
    )
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.divergentOffset = divergentOffset
  }
}

/** An option, or an argument of a call, that cannot be used as given. */
export class ConfigError extends KafkaError {
  static {
    this.prototype.name = 'ConfigError'
  }
  /** The option's name, such as `lingerMs`. */
  readonly option: string

  constructor(option: string, message: string, options: KafkaErrorOptions = {}) {
    super('KAFKA_CONFIG', message, options)
    this.option = option
  }
}

/** What a TransactionError leaves to be done. */
export type TransactionErrorKind = 'abortable' | 'fatal' | 'misuse'

const TRANSACTION_CODES: Readonly<Record<TransactionErrorKind, string>> = {
  abortable: 'KAFKA_TRANSACTION_ABORTABLE',
  fatal: 'KAFKA_TRANSACTION_FATAL',
  misuse: 'KAFKA_TRANSACTION_STATE',
}

/**
 * A transaction that cannot go on, or a call that does not fit the state it is in; `cause` tells why. When it is abortable, abort it: nothing
 * of it will be read by `read_committed` consumers; `retriable` says whether running it again can help. When it is fatal, close the producer. Else
 * nothing has changed.
 */
export class TransactionError extends KafkaError {
  static {
    this.prototype.name = 'TransactionError'
  }
  readonly transactionalId: string
  /** Whether the transaction must be aborted, after which another can begin. */
  readonly isAbortable: boolean
  /** Whether the producer is of no more use. */
  readonly isFatal: boolean

  constructor(
    kind: TransactionErrorKind,
    message: string,
    transactionalId: string,
    options: KafkaErrorOptions & { code?: string } = {},
  ) {
    const { code = TRANSACTION_CODES[kind], ...rest } = options
    super(code, message, rest)
    this.transactionalId = transactionalId
    this.isAbortable = kind === 'abortable'
    this.isFatal = kind === 'fatal'
  }
}

/** Another producer with the same transactional id has taken over, or the coordinator has ended the transaction for taking too long. */
export class ProducerFencedError extends TransactionError {
  static {
    this.prototype.name = 'ProducerFencedError'
  }

  constructor(transactionalId: string, options: Omit<KafkaErrorOptions, 'retriable'> = {}) {
    const what = `the producer with transactional id ${transactionalId} was fenced`
    const why = 'another one has taken over its id, or its transaction took longer than transactionTimeoutMs'
    super('fatal', `${what}: ${why}`, transactionalId, { ...options, code: 'KAFKA_PRODUCER_FENCED' })
  }
}
