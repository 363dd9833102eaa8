import { apis } from '../../src/protocol/apis.ts'
import * as protocol from '../../src/protocol/index.ts'
import { Message } from '../../src/protocol/schema.ts'

/** Message<T> is invariant in T; tools that walk schemas need none. */
export type AnyMessage = Message<object>

const exported = Object.values(protocol).filter((value) => (value as unknown) instanceof Message) as unknown

/** Every schema of the project by Kafka's name for it, such as `FetchRequest`, `ResponseHeader` or `EndTxnMarker`. */
export const knownMessages: ReadonlyMap<string, AnyMessage> = new Map(
  [...apis.flatMap(({ request, response }) => [request, response]), ...(exported as AnyMessage[])].map((message) => [
    message.name,
    message,
  ]),
)
