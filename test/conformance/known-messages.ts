import { apis } from '../../src/protocol/apis.ts'
import { consumerProtocolAssignment, consumerProtocolSubscription } from '../../src/protocol/group-protocol.ts'
import { requestHeader, responseHeader } from '../../src/protocol/header.ts'
import type { Message } from '../../src/protocol/schema.ts'

/** Message<T> is invariant in T; tools that walk schemas need none. */
export type AnyMessage = Message<object>

function erase<T extends object>(message: Message<T>): AnyMessage {
  return message as unknown as AnyMessage
}

/** Every schema of the project by Kafka's name for it, such as `FetchRequest` or `ResponseHeader`. */
export const knownMessages: ReadonlyMap<string, AnyMessage> = new Map(
  [
    ...apis.flatMap(({ request, response }) => [request, response]),
    erase(requestHeader),
    erase(responseHeader),
    erase(consumerProtocolSubscription),
    erase(consumerProtocolAssignment),
  ].map((message) => [message.name, message]),
)
