import { EncodeError } from '../../errors.ts'
import { inspect } from '../../inspect-value.ts'
import { SerializationError } from '../errors.ts'

/** A SerializationError in the making: its path grows on the way up. */
export class Misfit extends Error {
  readonly reason: string
  path = ''

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

/** A value that its type cannot carry. */
export function notA(what: string, value: unknown): Misfit {
  return new Misfit(`${inspect(value)} is not ${what}`)
}

/** The error with one more step put before its path: a field's name, or an index in brackets. */
export function within(step: string | number, error: unknown): unknown {
  const misfit = error instanceof EncodeError ? new Misfit(error.reason) : error
  if (!(misfit instanceof Misfit)) return error
  const separator = misfit.path === '' || misfit.path.startsWith('[') ? '' : '.'
  misfit.path = `${typeof step === 'number' ? `[${step}]` : step}${separator}${misfit.path}`
  return misfit
}

/** The step for a key of a map. */
export function keyStep(key: string): string {
  return `[${inspect(key)}]`
}

/** The error as users get it. */
export function toSerializationError(error: unknown): unknown {
  if (error instanceof Misfit) return new SerializationError(error.reason, { path: error.path })
  if (error instanceof EncodeError) return new SerializationError(error.reason)
  return error
}
