import * as fc from 'fast-check'
import type { VersionRange } from '../../src/errors.ts'
import { unknownTaggedFields, type Field, type UnknownTaggedField } from '../../src/protocol/schema.ts'
import type { AnyMessage } from '../conformance/known-messages.ts'

/** A message at one of its versions with any value that the version can carry. */
export interface Sample {
  message: AnyMessage
  version: number
  value: object
}

// Above every tag that Kafka has given out.
const firstUnknownTag = 1000

const unknownFields: fc.Arbitrary<UnknownTaggedField[]> = fc
  .uniqueArray(
    fc.record({
      tag: fc.integer({ min: firstUnknownTag, max: 0x7fffffff }),
      data: fc.uint8Array({ maxLength: 8 }),
    }),
    { maxLength: 2, selector: ({ tag }) => tag },
  )
  .map((fields) => fields.sort((a, b) => a.tag - b.tag))

/** Any sample of any of these messages. Values of fields that the version lacks are their defaults. */
export function arbitrarySample(messages: readonly AnyMessage[]): fc.Arbitrary<Sample> {
  return fc.constantFrom(...samples(messages)).chain(({ message, version }) => {
    const value = arbitraryValue(message.root as unknown as Field<unknown>, version, message.isFlexible(version))
    return value.map((of) => sample(message, version, of as object))
  })
}

/** Any of these messages at any of its versions, with nothing in it. */
export function arbitraryVersion(messages: readonly AnyMessage[]): fc.Arbitrary<Sample> {
  return fc.constantFrom(...samples(messages))
}

function samples(messages: readonly AnyMessage[]): Sample[] {
  return messages.flatMap((message) => versionsOf(message).map((version) => sample(message, version, {})))
}

function sample(message: AnyMessage, version: number, value: object): Sample {
  // How a counterexample is printed: the schema of a message would fill pages.
  const print = (): string => `${message.name} version ${version} ${fc.stringify(value)}`
  return Object.assign({ message, version, value }, { [fc.toStringMethod]: print })
}

export function versionsOf({ versions }: { versions: VersionRange }): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, i) => versions.min + i)
}

/** Arbitraries are made once for a field, version and form: making them takes longer than drawing from them. */
const cache = new WeakMap<Field<unknown>, Map<string, fc.Arbitrary<unknown>>>()

function arbitraryValue(field: Field<unknown>, version: number, isFlexible: boolean): fc.Arbitrary<unknown> {
  const known = cache.get(field) ?? new Map<string, fc.Arbitrary<unknown>>()
  cache.set(field, known)
  const key = `${version} ${isFlexible}`
  const made = known.get(key) ?? makeArbitrary(field, version, isFlexible)
  known.set(key, made)
  return made
}

function makeArbitrary(field: Field<unknown>, version: number, isFlexible: boolean): fc.Arbitrary<unknown> {
  const { nullable } = field.options
  const isNullable = nullable !== undefined && version >= nullable.min && version <= nullable.max
  const value = notNull(field, version, isFlexible)
  return isNullable ? fc.option(value, { nil: null, freq: 4 }) : value
}

function notNull(field: Field<unknown>, version: number, isFlexible: boolean): fc.Arbitrary<unknown> {
  switch (field.type.kind) {
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff })
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'float64':
      return fc.double()
    case 'boolean':
      return fc.boolean()
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
    case 'string':
      return fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ minLength: 30, maxLength: 50 }))
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 12 })
    case 'array':
      return fc.array(arbitraryValue(field.type.element!, version, isFlexible), { maxLength: 2 })
    default:
      return arbitraryStruct(field.type.fields!, version, isFlexible)
  }
}

function arbitraryStruct(
  fields: Readonly<Record<string, Field<unknown>>>,
  version: number,
  isFlexible: boolean,
): fc.Arbitrary<object> {
  const parts = Object.entries(fields).map(([name, field]): [string, fc.Arbitrary<unknown>] => [
    name,
    field.isPresentAt(version)
      ? orDefault(field, arbitraryValue(field, version, isFlexible))
      : fc.constant(0).map(() => field.defaultValue()),
  ])
  const struct = fc.record(Object.fromEntries(parts), { noNullPrototype: true })
  if (!isFlexible) return struct
  const unknown = fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: unknownFields })
  return fc
    .tuple(struct, unknown)
    .map(([value, tags]) => (tags.length === 0 ? value : Object.assign(value, { [unknownTaggedFields]: tags })))
}

/** Tagged fields are left out when they have their default, so that must be drawn often. */
function orDefault(field: Field<unknown>, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (field.options.tag === undefined) return value
  return fc.oneof(
    value,
    fc.constant(0).map(() => field.defaultValue()),
  )
}
