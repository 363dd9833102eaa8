import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/errors.ts'
import { apis } from '../../src/protocol/apis.ts'
import type { Field } from '../../src/protocol/schema.ts'
import { knownMessages, type AnyMessage } from '../conformance/known-messages.ts'
import { arbitrarySample, arbitraryVersion, versionsOf } from './arbitrary-message.ts'

/** Runs of each property for each API. A thorough hunt: KAFKAWIRE_FUZZ_RUNS=100000, perhaps with `-t` and an API's name. */
const numRuns = Number(process.env['KAFKAWIRE_FUZZ_RUNS'] ?? 10)
const timeoutMs = 30_000 + numRuns * 200

const groups: { name: string; messages: AnyMessage[] }[] = [
  ...apis.map(({ name, request, response }) => ({ name, messages: [request, response] })),
  {
    name: 'headers and stored data',
    messages: [...knownMessages.values()].filter(({ apiKey }) => apiKey === null),
  },
]

describe.each(groups)('$name', ({ messages }) => {
  test('decodes what it encoded to the same value, unknown tagged fields included', { timeout: timeoutMs }, () => {
    check(arbitrarySample(messages), ({ message, version, value }) => {
      const bytes = message.encode(value, version)
      const decoded = message.decode(bytes, version)
      expect(decoded).toEqual(value)
      expect(message.encode(decoded, version)).toEqual(bytes)
    })
  })

  test('refuses a message that is cut off anywhere', { timeout: timeoutMs }, () => {
    check(arbitrarySample(messages), ({ message, version, value }) => {
      const bytes = message.encode(value, version)
      for (let size = 0; size < bytes.length; size++) {
        expect(() => message.decode(bytes.subarray(0, size), version)).toThrow(DecodeError)
      }
    })
  })

  test('refuses bytes that follow a message', { timeout: timeoutMs }, () => {
    check(arbitrarySample(messages), ({ message, version, value }) => {
      const bytes = message.encode(value, version)
      expect(() => message.decode(new Uint8Array([...bytes, 0]), version)).toThrow(/1 bytes are left over/)
    })
  })

  test('decodes or refuses a message in which a bit is flipped', { timeout: timeoutMs }, () => {
    check(fc.tuple(arbitrarySample(messages), fc.nat()), ([{ message, version, value }, draw]) => {
      const bytes = message.encode(value, version)
      if (bytes.length === 0) return
      const bit = draw % (bytes.length * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(failureOf(message, bytes, version)).toBeUndefined()
    })
  })

  test('decodes or refuses a message in which a length is made huge', { timeout: timeoutMs }, () => {
    const lengths = fc.constantFrom('7fffffff', '000f4241', 'ffffffff0f', 'feffffff07', 'fffffffe')
    check(fc.tuple(arbitrarySample(messages), fc.nat(), lengths), ([{ message, version, value }, draw, length]) => {
      const bytes = message.encode(value, version)
      const at = draw % (bytes.length + 1)
      const hostile = Uint8Array.of(...bytes.subarray(0, at), ...Buffer.from(length, 'hex'), ...bytes.subarray(at))
      expect(failureOf(message, hostile, version)).toBeUndefined()
    })
  })

  test('decodes or refuses random bytes', { timeout: timeoutMs }, () => {
    check(fc.tuple(arbitraryVersion(messages), fc.uint8Array({ maxLength: 200 })), ([{ message, version }, bytes]) => {
      expect(failureOf(message, bytes, version)).toBeUndefined()
    })
  })

  test('bounds each count by the bytes that are left, for no element of an array takes none', () => {
    for (const message of messages) {
      for (const version of versionsOf(message)) {
        const root = message.root as unknown as Field<unknown>
        expect(smallestElement(root, version, message.isFlexible(version)), `version ${version}`).toBeGreaterThan(0)
      }
    }
  })
})

function check<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns })
}

/** What decoding throws besides DecodeError. A value that it gives must encode and decode again to the same. */
function failureOf(message: AnyMessage, bytes: Uint8Array, version: number): unknown {
  let value: object
  try {
    value = message.decode(bytes, version)
  } catch (error) {
    return error instanceof DecodeError ? undefined : error
  }
  expect(message.decode(message.encode(value, version), version)).toEqual(value)
  return undefined
}

function smallestElement(field: Field<unknown>, version: number, isFlexible: boolean): number {
  const { element, fields = {} } = field.type
  if (element !== undefined) {
    const { minSize } = element.compile(version, isFlexible)
    return Math.min(minSize, smallestElement(element, version, isFlexible))
  }
  const present = Object.values(fields).filter((of) => of.isPresentAt(version))
  return Math.min(Infinity, ...present.map((of) => smallestElement(of, version, isFlexible)))
}
