import { type FieldType, TYPE } from './descriptor.ts'
import { escapeBytes, floatText } from './names.ts'
import { integerValue, type TokenStream } from './token-stream.ts'

/** Highest and lowest value of each integer type. */
const INTEGER_RANGES: ReadonlyMap<FieldType, readonly [min: bigint, max: bigint]> = new Map([
  ...[TYPE.int32, TYPE.sint32, TYPE.sfixed32].map((type) => [type, [-(2n ** 31n), 2n ** 31n - 1n]] as const),
  ...[TYPE.int64, TYPE.sint64, TYPE.sfixed64].map((type) => [type, [-(2n ** 63n), 2n ** 63n - 1n]] as const),
  ...[TYPE.uint32, TYPE.fixed32].map((type) => [type, [0n, 2n ** 32n - 1n]] as const),
  ...[TYPE.uint64, TYPE.fixed64].map((type) => [type, [0n, 2n ** 64n - 1n]] as const),
])

/** Reads the value behind `default =`, in the form that descriptors keep. An undefined type is one that was named: an enum's. */
export function parseDefault(stream: TokenStream, type: FieldType | undefined): string {
  switch (type) {
    case undefined:
      return stream.expectIdentifier('a value of the enum').text
    case TYPE.bool: {
      if (!stream.at('true') && !stream.at('false')) throw stream.unexpected('true or false')
      return stream.next().text
    }
    case TYPE.string:
      return stream.expectText('a string')
    case TYPE.bytes:
      return escapeBytes(stream.expectBytes('a string'))
    case TYPE.float:
    case TYPE.double:
      return floatText(parseFloatDefault(stream), type === TYPE.float)
    case TYPE.group:
    case TYPE.message:
      throw stream.error('messages have no default')
    default:
      return parseIntegerDefault(stream, type)
  }
}

/** Whether the value fits the integer type; true for other types. */
export function isInRange(value: bigint, type: FieldType): boolean {
  const range = INTEGER_RANGES.get(type)
  return range === undefined || (value >= range[0] && value <= range[1])
}

function parseIntegerDefault(stream: TokenStream, type: FieldType): string {
  const place = stream.peek()
  const isNegative = stream.accept('-')
  const magnitude = stream.expectInteger('a number', 2n ** 64n - 1n)
  const value = isNegative ? -magnitude : magnitude
  if (!isInRange(value, type)) throw stream.error(`${value} is out of the range of the type`, place)
  return String(value)
}

function parseFloatDefault(stream: TokenStream): number {
  const sign = stream.accept('-') ? -1 : 1
  const token = stream.peek()
  if (stream.accept('inf')) return sign * Infinity
  if (stream.accept('nan')) return Number.NaN
  if (token.kind !== 'integer' && token.kind !== 'float') throw stream.unexpected('a number')
  stream.next()
  return sign * (token.kind === 'integer' ? Number(integerValue(token.text)) : Number(token.text))
}
