import type { LogicalAnnotation } from './types.ts'
import { Misfit, notA } from './misfit.ts'

/** A logical type where a schema uses it. */
export interface LogicalUse extends LogicalAnnotation {
  /** The underlying type. */
  readonly kind: 'int' | 'long' | 'string' | 'bytes' | 'fixed'
  /** Bytes of a fixed. */
  readonly size: number | undefined
}

/** Turns values of the underlying type into values of the logical one, and back. */
export interface LogicalConverter {
  /** The underlying value: a number or bigint, a string, or bytes that are a copy. */
  fromAvro(value: unknown): unknown
  /** Throws for what it cannot convert. */
  toAvro(value: unknown): unknown
  /** Whether a value is of the logical type: tells branches of a union apart. */
  accepts(value: unknown): boolean
}

/** Converters by the name of the logical type. undefined for a use leaves its values as they are. */
export type LogicalTypes = Readonly<Record<string, (use: LogicalUse) => LogicalConverter | undefined>>

/** An amount of time in the parts that Avro keeps apart, each an unsigned number of 32 bits. */
export interface AvroDuration {
  months: number
  days: number
  milliseconds: number
}

const DAY_MS = 86_400_000
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

const isDate = (value: unknown): boolean => value instanceof Date && !Number.isNaN(value.getTime())

/** A Date of `unitMs` milliseconds a step. */
function dateOf(unitMs: number): LogicalConverter {
  return {
    fromAvro: (value) => {
      const date = new Date(Number(value) * unitMs)
      if (Number.isNaN(date.getTime())) throw new Misfit(`${String(value)} is beyond what a Date can hold`)
      return date
    },
    toAvro: (value) => {
      if (!isDate(value)) throw notA('a valid Date', value)
      return Math.floor((value as Date).getTime() / unitMs)
    },
    accepts: isDate,
  }
}

/** Bytes of a number in two's complement, big endian: as few as hold it, or `size` of them. */
function toTwosComplement(value: bigint, size: number | undefined): Uint8Array {
  let length = size ?? 1
  if (size === undefined) while (BigInt.asIntN(length * 8, value) !== value) length++
  if (BigInt.asIntN(length * 8, value) !== value) throw new Misfit(`a decimal does not fit ${length} bytes`)
  const bytes = new Uint8Array(length)
  let rest = value
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

function fromTwosComplement(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}

function isDecimal(value: unknown): boolean {
  return (typeof value === 'string' && DECIMAL.test(value)) || typeof value === 'bigint' || Number.isSafeInteger(value)
}

/** Decimals as exact text with all digits of the scale, such as `-1234.50`. Text and whole numbers are taken for writing. */
function decimal(use: LogicalUse): LogicalConverter {
  const { scale = 0, precision = 1 } = use
  return {
    fromAvro: (value) => {
      const unscaled = fromTwosComplement(value as Uint8Array)
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
      const whole = `${unscaled < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}`
      return scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`
    },
    toAvro: (value) => {
      if (!isDecimal(value)) throw notA('a decimal, such as "12.50"', value)
      const [, sign, whole, fraction = ''] = DECIMAL.exec(String(value))!
      if (/[1-9]/.test(fraction.slice(scale))) throw notA(`a decimal of ${scale} digits behind the point`, value)
      const digits = `${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`
      if (digits.replace(/^0+/, '').length > precision) throw notA(`a decimal of ${precision} digits`, value)
      const unscaled = BigInt(digits)
      return toTwosComplement(sign === '-' ? -unscaled : unscaled, use.size)
    },
    accepts: isDecimal,
  }
}

/** UUIDs of 16 bytes as text. */
const uuidOfBytes: LogicalConverter = {
  fromAvro: (value) => {
    const hex = Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, '0')).join('')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  },
  toAvro: (value) => {
    if (typeof value !== 'string' || !UUID.test(value)) throw notA('a UUID', value)
    return Uint8Array.from(value.replaceAll('-', '').match(/../g)!, (byte) => Number.parseInt(byte, 16))
  },
  accepts: (value) => typeof value === 'string' && UUID.test(value),
}

function isDuration(value: unknown): value is AvroDuration {
  if (typeof value !== 'object' || value === null) return false
  const { months, days, milliseconds } = value as Record<string, unknown>
  return [months, days, milliseconds].every((part) => typeof part === 'number' && part >>> 0 === part)
}

const duration: LogicalConverter = {
  fromAvro: (value) => {
    const bytes = value as Uint8Array
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const [months, days, milliseconds] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number]
    return { months, days, milliseconds } satisfies AvroDuration
  },
  toAvro: (value) => {
    if (!isDuration(value)) throw notA('a duration of whole months, days and milliseconds', value)
    const view = new DataView(new ArrayBuffer(12))
    view.setUint32(0, value.months, true)
    view.setUint32(4, value.days, true)
    view.setUint32(8, value.milliseconds, true)
    return new Uint8Array(view.buffer)
  },
  accepts: isDuration,
}

/**
 * Converters that lose nothing: `date`, `timestamp-millis` and `local-timestamp-millis` as Date (in UTC), `decimal` as text,
 * `uuid` as text also where it is stored as bytes, `duration` as AvroDuration. Times of day and the timestamps that a Date is too
 * coarse for stay the numbers they are.
 */
export const standardLogicalTypes: LogicalTypes = {
  decimal: decimal,
  date: () => dateOf(DAY_MS),
  'timestamp-millis': () => dateOf(1),
  'local-timestamp-millis': () => dateOf(1),
  uuid: ({ kind }) => (kind === 'fixed' ? uuidOfBytes : undefined),
  duration: () => duration,
}
