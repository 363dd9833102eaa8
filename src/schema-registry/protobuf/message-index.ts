import { SerializationError } from '../errors.ts'
import type { FileDescriptor, MessageDescriptor } from './descriptor.ts'
import { isMapEntry } from './printer.ts'
import { join } from './symbols.ts'

/**
 * The way to a message in its file: its index among the messages of the file, then among those nested, and so on. The hidden messages
 * of map fields count. Undefined when the file does not define it.
 */
export function messageIndexesOf(file: FileDescriptor, fullName: string): readonly number[] | undefined {
  return search(file.messageType, file.package ?? '', fullName)
}

function search(messages: readonly MessageDescriptor[], scope: string, fullName: string): number[] | undefined {
  for (const [index, message] of messages.entries()) {
    const name = join(scope, message.name)
    if (name === fullName) return [index]
    const nested = fullName.startsWith(`${name}.`) ? search(message.nestedType, name, fullName) : undefined
    if (nested !== undefined) return [index, ...nested]
  }
  return undefined
}

/** The full name of the message at the end of the way. Throws SerializationError when there is none. */
export function messageNameAt(file: FileDescriptor, indexes: readonly number[]): string {
  let messages: readonly MessageDescriptor[] = file.messageType
  let name = file.package ?? ''
  let message: MessageDescriptor | undefined
  for (const index of indexes) {
    message = messages[index]
    if (message === undefined) {
      throw new SerializationError(
        `message index [${indexes.join(', ')}] is out of range: ${name} has ${messages.length}`,
      )
    }
    messages = message.nestedType
    name = join(name, message.name)
  }
  if (message === undefined) throw new SerializationError('there are no message indexes')
  if (isMapEntry(message)) {
    throw new SerializationError(
      `message index [${indexes.join(', ')}] is that of map entry ${name}: the writer did not count the hidden messages of map fields`,
    )
  }
  return name
}

/** The full name of the first message, which is meant where none is named. */
export function firstMessageName(file: FileDescriptor): string | undefined {
  const first = file.messageType[0]
  return first === undefined ? undefined : join(file.package ?? '', first.name)
}
