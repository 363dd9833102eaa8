import { ConfigError, DecodeError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'

/** An int64 offset as a number. Throws DecodeError above 2^53 - 1, which numbers cannot count on from. */
export function toOffset(value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value)
  throw new DecodeError(`offset ${value} is above 2^53 - 1`, { offset: 0 })
}

/** Throws ConfigError unless the argument of a call is an offset. */
export function checkOffset(value: unknown): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return
  throw new ConfigError('offset', `offset must be a whole number of at least 0, not ${inspect(value)}`)
}
