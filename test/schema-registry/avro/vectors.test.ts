import { describe, expect, test } from 'vitest'
import { AvroCodec } from '../../../src/schema-registry/avro/codec.ts'
import { incompatibilities, type AvroIncompatibility } from '../../../src/schema-registry/avro/compatibility.ts'
import type { AvroValueOptions } from '../../../src/schema-registry/avro/options.ts'
import { parseSchema } from '../../../src/schema-registry/avro/parse.ts'
import { decodeSingleObject, encodeSingleObject } from '../../../src/schema-registry/avro/single-object.ts'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import { fromHex, toHex, toValue, vectors } from './vectors.ts'

/** Every value tells its branch, as those of the vectors do. */
const tagged: AvroValueOptions = { unions: 'tagged' }

interface EncodeCase {
  name: string
  schemaText: string
  value: unknown
  hex: string
}

describe('values', () => {
  test.each(vectors<EncodeCase>('avro-encode'))(
    '$name is written as Java and fastavro write it, and read back',
    (vector) => {
      const codec = new AvroCodec(vector.schemaText, tagged)
      expect(toHex(codec.encode(toValue(vector.value)))).toBe(vector.hex)
      expect(codec.decode(fromHex(vector.hex))).toStrictEqual(toValue(vector.value))
    },
  )

  test.each(vectors<EncodeCase>('avro-decode-blocked'))('$name is read: its blocks tell their size', (vector) => {
    expect(new AvroCodec(vector.schemaText, tagged).decode(fromHex(vector.hex))).toStrictEqual(toValue(vector.value))
  })

  test.each(vectors<EncodeCase>('avro-decode-blocked'))('$name is passed over when no one asks for it', (vector) => {
    const writer = `{"type":"record","name":"R","fields":[{"name":"a","type":${vector.schemaText}},{"name":"b","type":"int"}]}`
    const reader = new AvroCodec('{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}')
    expect(reader.decoderOf(writer)(fromHex(`${vector.hex}0a`))).toStrictEqual({ b: 5 })
  })
})

interface MalformedCase {
  name: string
  schemaText: string
  hex: string
  java: { ok: boolean; value: unknown }
}

describe('bytes that are no value', () => {
  const cases = vectors<MalformedCase>('avro-malformed')

  test.each(cases.filter(({ java }) => !java.ok))('$name is refused', ({ schemaText, hex }) => {
    expect(() => new AvroCodec(schemaText).decode(fromHex(hex))).toThrow(SerializationError)
  })

  // Not among them: what is no value though its end is plain, such as a symbol that does not exist.
  const endless = new Set([
    'truncated-string',
    'negative-string-length',
    'truncated-record',
    'huge-bytes-length',
    'array-huge-count',
  ])
  const skipped = cases.filter(({ name }) => endless.has(name) || name.startsWith('union-index'))

  test.each(skipped)('$name is refused where it would be passed over', ({ schemaText, hex }) => {
    const writer = `{"type":"record","name":"R","fields":[{"name":"a","type":${schemaText}}]}`
    const decode = new AvroCodec('{"type":"record","name":"R","fields":[]}').decoderOf(writer)
    expect(() => decode(fromHex(hex))).toThrow(SerializationError)
  })

  test.each(cases.filter(({ java }) => java.ok))('$name is read as Java does', ({ schemaText, hex, java }) => {
    expect(new AvroCodec(schemaText).decode(fromHex(hex))).toStrictEqual(toValue(java.value))
  })
})

interface ResolutionCase {
  name: string
  writerText: string
  readerText: string
  hex: string
  payloadHex: string
  ok: boolean
  value: unknown
}

describe('schema resolution', () => {
  const cases = vectors<ResolutionCase>('avro-resolution')
  const evolution = vectors<ResolutionCase>('confluent-evolution').map((vector) => ({
    name: `confluent-${vector.name}`,
    writerText: vector.writerText,
    readerText: vector.readerText,
    // Behind the magic byte and the id.
    hex: vector.payloadHex.slice(10),
    ok: vector.ok,
    value: vector.value,
  }))

  test.each([...cases, ...evolution])('$name comes out as in Java', (vector) => {
    const read = () => new AvroCodec(vector.readerText, tagged).decoderOf(vector.writerText)(fromHex(vector.hex))
    if (vector.ok) expect(read()).toStrictEqual(toValue(vector.value))
    else expect(read).toThrow(SerializationError)
  })
})

interface CanonicalCase {
  name: string
  schemaText: string
  canonical: string
  crc64: string
  crc64LittleEndian: string
  md5: string
  sha256: string
}

test.each(vectors<CanonicalCase>('avro-canonical'))(
  '$name has the canonical form and fingerprints of Java',
  (vector) => {
    const codec = new AvroCodec(vector.schemaText)
    expect(codec.canonicalForm).toBe(vector.canonical)
    expect(codec.rabinFingerprint.toString(16).padStart(16, '0')).toBe(vector.crc64)
    expect(toHex(codec.fingerprint('CRC-64-AVRO'))).toBe(vector.crc64LittleEndian)
    expect(toHex(codec.fingerprint('MD5'))).toBe(vector.md5)
    expect(toHex(codec.fingerprint('SHA-256'))).toBe(vector.sha256)
  },
)

test.each(vectors<EncodeCase>('avro-single-object'))('$name is written and read as a single object', (vector) => {
  const codec = new AvroCodec(vector.schemaText, tagged)
  expect(toHex(encodeSingleObject(codec, toValue(vector.value)))).toBe(vector.hex)
  const known = new Map([[codec.rabinFingerprint, codec]])
  const find = (fingerprint: bigint) => {
    const codec = known.get(fingerprint)
    return codec && ((bytes: Uint8Array) => codec.decode(bytes))
  }
  expect(decodeSingleObject(fromHex(vector.hex), find)).toStrictEqual(toValue(vector.value))
  known.clear()
  expect(() => decodeSingleObject(fromHex(vector.hex), find)).toThrow('no schema is known')
})

interface CompatibilityCase {
  name: string
  oldText: string
  newText: string
  BACKWARD: boolean
  FORWARD: boolean
  FULL: boolean
  backwardIncompatibilities: AvroIncompatibility[]
  forwardIncompatibilities: AvroIncompatibility[]
}

test.each(vectors<CompatibilityCase>('avro-compatibility'))(
  '$name is as compatible as Java finds it, for the same reasons',
  (vector) => {
    const [older, newer] = [parseSchema(vector.oldText), parseSchema(vector.newText)]
    const [backward, forward] = [incompatibilities(newer, older), incompatibilities(older, newer)]
    expect([backward.length === 0, forward.length === 0]).toEqual([vector.BACKWARD, vector.FORWARD])
    expect(backward.length + forward.length === 0).toBe(vector.FULL)
    expect(backward).toEqual(vector.backwardIncompatibilities)
    expect(forward).toEqual(vector.forwardIncompatibilities)
  },
)

interface BadSchemaCase {
  name: string
  schemaText: string
  javaAccepts: boolean
}

describe('schemas', () => {
  const cases = vectors<BadSchemaCase>('avro-bad-schemas')

  test.each(cases.filter(({ javaAccepts }) => !javaAccepts))('$name is refused, as in Java', ({ schemaText }) => {
    expect(() => parseSchema(schemaText)).toThrow(SerializationError)
  })

  test.each(cases.filter(({ javaAccepts }) => javaAccepts))('$name is taken, as in Java', ({ schemaText }) => {
    expect(parseSchema(schemaText)).toBeDefined()
  })
})
