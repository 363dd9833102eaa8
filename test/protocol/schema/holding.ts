import { message, type Field, type Message } from '../../../src/protocol/schema.ts'

/** A message named Test with the one field `value`, plain in version 0 and flexible in version 1. */
export function holding<T>(value: Field<T>): Message<{ value: T }> {
  return message<{ value: T }>({
    name: 'Test',
    apiKey: null,
    versions: { min: 0, max: 1 },
    flexibleFrom: 1,
    fields: { value },
  })
}

/** Encodes a value whose type is the test's own business. */
export function hexOf<T extends object>(of: Message<T>, value: unknown, version: number): string {
  return Buffer.from(of.encode(value as never, version)).toString('hex')
}

/** Decodes hex, in which spaces may set parts off. */
export function decode<T extends object>(of: Message<T>, hex: string, version: number): T {
  return of.decode(fromHex(hex), version)
}

/** Bytes of hex, in which spaces may set parts off. */
export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** What a call throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
