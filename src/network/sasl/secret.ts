import type { Option } from '../../config.ts'
import { AuthenticationError, ConfigError } from '../../errors.ts'

/** A password or the like: as it is, or a function that fetches it anew for each exchange, for those that are rotated. */
export type Secret = string | (() => string | Promise<string>)

/** Option of a secret. */
export function secret(): Option<Secret | undefined>
export function secret(fallback: Secret): Option<Secret>
export function secret(fallback?: Secret): Option<Secret | undefined> {
  return hidden(fallback, 'text that is not empty, or a function that returns such', isSecret)
}

/** An option that may hold a secret, or get one by mistake: errors say what it must be and never show what it is. */
export function hidden<T>(fallback: T, what: string, isRight: (value: unknown) => boolean): Option<T> {
  return {
    default: fallback,
    check: (value, name) => {
      if (!isRight(value)) throw new ConfigError(name, `${name} must be ${what}`)
    },
  }
}

/** The secret itself. Rejects with what its function rejects with, and with AuthenticationError when that returns no text. */
export async function readSecret(value: Secret, what: string, mechanism: string): Promise<string> {
  if (typeof value === 'string') return value
  const text: unknown = await value()
  if (typeof text === 'string' && isPassable(text)) return text
  throw new AuthenticationError(`the function that fetches the ${what} for ${mechanism} returned no text`, mechanism)
}

function isSecret(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'string' && isPassable(value))
}

/** Neither empty nor with a lone surrogate, which UTF-8 cannot carry. */
function isPassable(text: string): boolean {
  return text !== '' && text.isWellFormed()
}
