import { KafkaError, type KafkaErrorOptions } from '../../errors.ts'

/** A place in a .proto text, both counted from 1; a tab goes on to the next multiple of eight, as in protoc. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A .proto text that is not valid. The message starts with `file:line:column`, as protoc's do. */
export class ProtoError extends KafkaError {
  static {
    this.prototype.name = 'ProtoError'
  }
  readonly file: string
  readonly line: number
  readonly column: number
  /** What is wrong, without the place. */
  readonly reason: string

  constructor(reason: string, at: Place & { file: string }, options: KafkaErrorOptions = {}) {
    super('KAFKA_PROTO', `${at.file}:${at.line}:${at.column}: ${reason}`, options)
    this.file = at.file
    this.line = at.line
    this.column = at.column
    this.reason = reason
  }
}
