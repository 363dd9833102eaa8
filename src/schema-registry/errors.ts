import { KafkaError, type KafkaErrorOptions } from '../errors.ts'

/** What the registry answered. */
export interface SchemaRegistryAnswer {
  /** HTTP status; 0 when no answer came. */
  status: number
  /** The registry's own code, such as 40401; the HTTP status when it gave none. */
  errorCode: number
}

/**
 * A request to the Schema Registry that failed: refused by it (`status`, `errorCode`), answered with something that is not its
 * protocol, or not answered at all (`status` 0). Never carries credentials.
 */
export class SchemaRegistryError extends KafkaError {
  static {
    this.prototype.name = 'SchemaRegistryError'
  }
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** The registry's own code, such as 40401 for an unknown subject; the HTTP status when it gave none. */
  readonly errorCode: number

  constructor(message: string, answer: SchemaRegistryAnswer, options: KafkaErrorOptions = {}) {
    super('KAFKA_SCHEMA_REGISTRY', message, options)
    this.status = answer.status
    this.errorCode = answer.errorCode
  }
}

/** Where a value that cannot be written or read stands. */
export interface SerializationErrorOptions extends KafkaErrorOptions {
  /** Path within the value, such as `items[2].price`; empty for the value itself. */
  path?: string | undefined
}

/** A value that does not fit its schema, bytes that are no value of their schema, or a schema that is none. */
export class SerializationError extends KafkaError {
  static {
    this.prototype.name = 'SerializationError'
  }
  /** Path within the value, such as `items[2].price`; empty for the value itself. */
  readonly path: string
  /** What is wrong, without the place. */
  readonly reason: string

  constructor(reason: string, options: SerializationErrorOptions = {}) {
    const { path = '', ...rest } = options
    super('KAFKA_SERIALIZATION', path === '' ? reason : `${path}: ${reason}`, rest)
    this.path = path
    this.reason = reason
  }
}
