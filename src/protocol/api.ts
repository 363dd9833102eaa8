import type { Message } from './schema.ts'

/** A request and its response under one API key. */
export interface Api<Request extends object, Response extends object> {
  /** Kafka's name, such as `Metadata`. */
  readonly name: string
  readonly key: number
  readonly request: Message<Request>
  readonly response: Message<Response>
}
