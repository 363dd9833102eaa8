import type { Option } from '../../config.ts'
import { AuthenticationError, ConfigError } from '../../errors.ts'

/** A password or the like: as it is, or a function that fetches it anew for each exchange, for those that are rotated. */
export type Secret = string | (() => string | Promise<string>)

/** Option of a secret. Its errors never show the value, whatever it is. */
export function secret(): Option<Secret | undefined>
export function secret(fallback: Secret): Option<Secret>
export function secret(fallback?: Secret): Option<Secret | undefined> {
  return {
    default: fallback,
    check: (value, name) => {
      const isSecret = typeof value === 'function' || (typeof value === 'string' && isPassable(value))
      if (!isSecret)
        throw new ConfigError(name, `${name} must be text that is not empty, or a function that returns such`)
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

/** Neither empty nor with a lone surrogate, which UTF-8 cannot carry. */
function isPassable(text: string): boolean {
  return text !== '' && text.isWellFormed()
}
