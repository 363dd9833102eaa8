import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AvroCodec } from '../../../src/schema-registry/avro/codec.ts'
import { standardLogicalTypes } from '../../../src/schema-registry/avro/logical-types.ts'
import { UnionValue } from '../../../src/schema-registry/avro/union-value.ts'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import { fromHex, toHex } from './vectors.ts'

function record(name: string, fields: Record<string, unknown>): object {
  return { type: 'record', name, fields: Object.entries(fields).map(([name, type]) => ({ name, type })) }
}

function failure(run: () => unknown): SerializationError {
  try {
    run()
  } catch (error) {
    if (error instanceof SerializationError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a value that does not fit', () => {
  const codec = new AvroCodec(
    record('Order', {
      id: 'long',
      lines: { type: 'array', items: record('Line', { sku: 'string', tags: { type: 'map', values: 'int' } }) },
      note: ['null', 'string'],
    }),
  )

  test.each([
    [{ id: '1', lines: [], note: null }, 'id', '"1" is not a long'],
    [{ id: 2 ** 53, lines: [], note: null }, 'id', '9007199254740992 is not a long'],
    [{ id: 2n ** 63n, lines: [], note: null }, 'id', '9223372036854775808n is not a long'],
    [{ lines: [], note: null }, 'id', 'undefined is not a long'],
    [{ id: 1, lines: [{ sku: 'a', tags: {} }, { sku: 7 }], note: null }, 'lines[1].sku', '7 is not a string'],
    [{ id: 1, lines: [{ sku: 'a', tags: { k: 1.5 } }], note: null }, 'lines[0].tags["k"]', '1.5 is not an int'],
    [{ id: 1, lines: [], note: 5 }, 'note', '5 is not a string'],
    [{ id: 1, lines: [], note: '\ud800' }, 'note', 'a lone surrogate has no UTF-8 form'],
    ['order', '', '"order" is not a record Order'],
  ])('is refused with its path: %#', (value, path, reason) => {
    const error = failure(() => codec.encode(value))
    expect(error.path).toBe(path)
    expect(error.reason).toContain(reason)
  })

  test('leaves nothing behind for the next', () => {
    expect(() => codec.encode({ id: 1, lines: [{ sku: 'long enough to be seen' }] })).toThrow(SerializationError)
    expect(toHex(codec.encode({ id: 1, lines: [], note: null }))).toBe('020000')
  })

  test('is refused when it holds itself', () => {
    const node = new AvroCodec(record('Node', { next: ['null', 'Node'] }))
    const value: { next?: unknown } = {}
    value.next = value
    expect(failure(() => node.encode(value)).reason).toContain('nested')
  })
})

describe('branches of unions', () => {
  const numbers = new AvroCodec(['null', 'int', 'long', 'float', 'double', 'string'])

  test.each<[unknown, unknown]>([
    [7, new UnionValue('int', 7)],
    [2 ** 40, new UnionValue('long', 2 ** 40)],
    [2n ** 60n, new UnionValue('long', 2n ** 60n)],
    [1.5, new UnionValue('float', 1.5)],
    [0.1, new UnionValue('double', 0.1)],
    [-0, new UnionValue('float', -0)],
    ['s', new UnionValue('string', 's')],
    [undefined, null],
  ])('carry a bare value exactly: %s', (bare, chosen) => {
    const tagged = new AvroCodec(['null', 'int', 'long', 'float', 'double', 'string'], { unions: 'tagged' })
    expect(tagged.decode(numbers.encode(bare))).toStrictEqual(chosen)
  })

  test('are chosen among records by what they have in common with the value', () => {
    const schema = [record('A', { x: 'int' }), record('B', { x: 'int', y: 'int' }), record('C', { x: 'string' })]
    const codec = new AvroCodec(schema, { unions: 'tagged' })
    expect(codec.decode(codec.encode({ x: 1, y: 2 }))).toStrictEqual(new UnionValue('B', { x: 1, y: 2 }))
    expect(codec.decode(codec.encode({ x: 1 }))).toStrictEqual(new UnionValue('A', { x: 1 }))
    expect(codec.decode(codec.encode({ x: 's' }))).toStrictEqual(new UnionValue('C', { x: 's' }))
  })

  test('may be named by the end of their name', () => {
    const codec = new AvroCodec(['null', { type: 'enum', name: 'a.b.E', symbols: ['X'] }, 'string'])
    expect(toHex(codec.encode(new UnionValue('E', 'X')))).toBe('0200')
    expect(failure(() => codec.encode(new UnionValue('F', 'X'))).reason).toContain('no branch "F": it has null, a.b.E')
  })

  test('that none takes the value are listed', () => {
    expect(failure(() => numbers.encode(true)).reason).toBe('true fits none of null, int, long, float, double, string')
  })
})

describe('longs', () => {
  const big = fromHex('feffffffffffffffff01')

  test('are numbers when that is exact, bigints else', () => {
    const codec = new AvroCodec('"long"')
    expect(codec.decode(big)).toBe(2n ** 63n - 1n)
    expect(codec.decode(fromHex('02'))).toBe(1)
  })

  test('are always bigints if asked for, promoted ones and defaults too', () => {
    const schema = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'a', type: 'long' },
        { name: 'b', type: 'long', default: 3 },
      ],
    }
    const codec = new AvroCodec(schema, { longs: 'bigint' })
    expect(codec.decoderOf(record('R', { a: 'int' }))(fromHex('02'))).toStrictEqual({ a: 1n, b: 3n })
  })

  test('are always numbers if asked for, or an error that tells what to do', () => {
    const codec = new AvroCodec(record('R', { a: 'long' }), { longs: 'number' })
    expect(failure(() => codec.decode(big)).message).toContain(
      'a: 9223372036854775807 is beyond what a number holds exactly',
    )
  })

  test('of any size come back as they were', () => {
    const codec = new AvroCodec<number | bigint>('"long"')
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const read = codec.decode(codec.encode(value))
        expect(BigInt(read)).toBe(value)
        expect(typeof read).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint')
      }),
    )
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(toHex(codec.encode(value))).toBe(toHex(codec.encode(BigInt(value))))
        expect(codec.decode(codec.encode(value))).toBe(value)
      }),
    )
  })
})

describe('values', () => {
  test('of text of any length and script come back as they were', () => {
    const codec = new AvroCodec<string>('"string"')
    for (const text of ['é'.repeat(40), 'é'.repeat(63), '€'.repeat(4095), 'x'.repeat(8193), '😀'.repeat(9000)]) {
      expect(codec.decode(codec.encode(text))).toBe(text)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        expect(codec.decode(codec.encode(text))).toBe(text)
      }),
    )
  })

  test('do not share bytes with what they were read from', () => {
    const codec = new AvroCodec<Uint8Array>('"bytes"')
    const message = Buffer.from('020a', 'hex')
    const value = codec.decode(message)
    message[1] = 0
    expect(value).toStrictEqual(new Uint8Array([10]))
  })

  test('are not written over by later ones', () => {
    const codec = new AvroCodec<string>('"string"')
    const messages = Array.from({ length: 3000 }, (_, i) => codec.encode(`message ${i}`))
    expect(messages.map((message) => codec.decode(message))).toEqual(messages.map((_, i) => `message ${i}`))
  })

  test('left out take the default, or null where the union has it', () => {
    const fields = [
      { name: 'a', type: 'int', default: 5 },
      { name: 'b', type: ['null', 'string'] },
      { name: 'constructor', type: 'string', default: 'c' },
    ]
    const codec = new AvroCodec({ type: 'record', name: 'R', fields })
    expect(codec.decode(codec.encode({}))).toStrictEqual({ a: 5, b: null, constructor: 'c' })
  })

  test('are plain objects, and new ones each time, defaults too', () => {
    const reader = new AvroCodec<{ a: unknown[] }>({
      type: 'record',
      name: 'R',
      fields: [{ name: 'a', type: { type: 'array', items: 'int' }, default: [1] }],
    })
    const decode = reader.decoderOf(record('R', {}))
    const [first, second] = [decode(new Uint8Array(0)), decode(new Uint8Array(0))]
    first.a.push(2)
    expect(second).toStrictEqual({ a: [1] })
    expect(Object.getPrototypeOf(second)).toBe(Object.prototype)
  })

  test('of maps keep their order when they come as a Map', () => {
    const codec = new AvroCodec({ type: 'map', values: 'int' })
    const map = new Map([
      ['10', 1],
      ['2', 2],
    ])
    expect(toHex(codec.encode(map))).toBe('040431300202320400')
  })

  test('may be converted', () => {
    const schema = record('R', {
      when: { type: 'long', logicalType: 'timestamp-millis' },
      price: [{ type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 }, 'null'],
      id: { type: { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' } },
      wait: { type: 'fixed', name: 'D', size: 12, logicalType: 'duration' },
    })
    const codec = new AvroCodec(schema, { logicalTypes: standardLogicalTypes })
    const value = {
      when: new Date(1_700_000_000_123),
      price: '-1234.50',
      id: '12345678-1234-5678-9abc-def012345678',
      wait: { months: 1, days: 2, milliseconds: 3 },
    }
    expect(codec.decode(codec.encode(value))).toStrictEqual(value)
    expect(codec.decode(codec.encode({ ...value, price: 7n }))).toStrictEqual({ ...value, price: '7.00' })
    expect(failure(() => codec.encode({ ...value, price: '1.005' })).path).toBe('price')
    expect(failure(() => codec.encode({ ...value, price: '12345.00' })).reason).toContain('6 digits')
    expect(failure(() => codec.encode({ ...value, when: new Date(Number.NaN) })).path).toBe('when')
    expect(failure(() => codec.encode({ ...value, id: 'x' })).path).toBe('id')
  })
})

describe('bytes that ask for much', () => {
  test('are refused when records nest without end', () => {
    const codec = new AvroCodec(record('Node', { next: ['null', 'Node'] }))
    expect(failure(() => codec.decode(new Uint8Array(100_000).fill(2))).reason).toContain('nested more than 1000 deep')
  })

  test('are refused when records of nothing multiply', () => {
    let type: unknown = 'null'
    for (let i = 0; i < 40; i++) type = record(`R${i}`, { a: type, b: i === 0 ? type : `R${i - 1}` })
    const codec = new AvroCodec(type as object)
    expect(failure(() => codec.decode(new Uint8Array(0))).reason).toContain('too many records')
    const reader = new AvroCodec(record('Top', {}))
    const skipping = reader.decoderOf(record('Top', { gone: type }))
    expect(failure(() => skipping(new Uint8Array(0))).reason).toContain('too many records')
  })

  test('are refused, or read, but never cause another error', () => {
    const codec = new AvroCodec(
      record('R', {
        a: ['null', 'string', { type: 'array', items: ['long', 'bytes', 'R'] }],
        b: { type: 'map', values: ['double', { type: 'enum', name: 'E', symbols: ['X', 'Y'] }, 'float'] },
        c: ['boolean', { type: 'fixed', name: 'F', size: 3 }],
      }),
    )
    const decoders = [
      codec,
      { decode: new AvroCodec(record('R', { c: ['boolean', 'null'] })).decoderOf({ parsed: codec.type }) },
    ]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const { decode } of decoders.map((decoder) => ({
          decode: (bytes: Uint8Array) => decoder.decode(bytes),
        }))) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(SerializationError)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('left over behind the value are refused', () => {
    expect(failure(() => new AvroCodec('"int"').decode(fromHex('0202'))).reason).toContain('1 of 2 bytes are left')
  })

  test('tell where they are wrong', () => {
    const codec = new AvroCodec(record('R', { a: 'int', b: { type: 'array', items: 'string' } }))
    const error = failure(() => codec.decode(fromHex('0204026106')))
    expect(error.message).toBe('b[1]: a string of 3 bytes does not end within the message, at byte 5 of 5')
  })
})

describe('schemas', () => {
  test('may name types of others', () => {
    const address = record('acme.Address', { street: 'string' })
    const codec = new AvroCodec(record('acme.User', { home: 'Address', work: ['null', 'acme.Address'] }), {
      references: [address],
    })
    const value = { home: { street: 's' }, work: { street: 't' } }
    expect(codec.decode(codec.encode(value))).toStrictEqual(value)
    expect(() => new AvroCodec(record('acme.User', { home: 'Address' }))).toThrow('"Address" is not defined')
  })

  test('may name a type before they define it', () => {
    const fields = [
      { name: 'a', type: ['null', 'Later'] },
      { name: 'b', type: { type: 'enum', name: 'Later', symbols: ['X'] } },
    ]
    const codec = new AvroCodec({ type: 'record', name: 'R', fields })
    expect(codec.decode(codec.encode({ a: 'X', b: 'X' }))).toStrictEqual({ a: 'X', b: 'X' })
  })

  test('of types that hold themselves in a union, moved to another namespace, resolve', () => {
    const writer = record('old.Node', { v: 'int', next: ['null', 'old.Node'] })
    const reader = { ...record('new.Node', { next: ['null', 'new.Node'], v: 'long' }) }
    const codec = new AvroCodec(reader)
    const bytes = new AvroCodec(writer).encode({ v: 1, next: { v: 2, next: null } })
    expect(codec.decoderOf(writer)(bytes)).toStrictEqual({ v: 1, next: { v: 2, next: null } })
  })

  test('that nest without end are refused', () => {
    const text = '{"type":"array","items":'.repeat(5000) + '"int"' + '}'.repeat(5000)
    expect(failure(() => new AvroCodec(text)).reason).toContain('nested more than 200 deep')
  })

  test('judge others as a registry does', () => {
    const codec = new AvroCodec(record('R', { a: 'long' }))
    expect(codec.incompatibilitiesWith(record('R', { a: 'int' }))).toEqual([])
    expect(codec.incompatibilitiesWith(record('R', { a: 'string' }))).toHaveLength(1)
  })
})
