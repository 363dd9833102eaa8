import { ConfigError } from './errors.ts'
import { inspect } from './inspect-value.ts'

/** One option: its default, and a check that throws ConfigError for a value it cannot take. */
export interface Option<T> {
  readonly default: T
  readonly check: (value: unknown, name: string) => void
}

/** The options of one thing, by name. */
export type OptionTable<T> = { readonly [K in keyof T]-?: Option<T[K]> }

/** Options after their defaults are in place: nothing is undefined. */
export type Defined<T> = { [K in keyof T]-?: Exclude<T[K], undefined> }

/**
 * The given options over the table's defaults. An option that is undefined counts as not given.
 * Throws ConfigError for an unknown name, suggesting the nearest known one, and for a value of the wrong type or range.
 */
export function resolveOptions<T extends object>(owner: string, table: OptionTable<T>, given: object | undefined): T {
  if (given !== undefined && (given === null || typeof given !== 'object' || Array.isArray(given))) {
    throw new ConfigError(owner, `${owner} options must be an object, not ${inspect(given)}`)
  }
  const options = table as Record<string, Option<unknown>>
  const resolved: Record<string, unknown> = {}
  for (const [name, { default: value }] of Object.entries(options)) resolved[name] = value
  for (const [name, value] of Object.entries(given ?? {})) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (option === undefined) throw unknownOption(owner, name, Object.keys(options))
    if (value === undefined) continue
    option.check(value, name)
    resolved[name] = value
  }
  return resolved as T
}

function unknownOption(owner: string, name: string, known: string[]): ConfigError {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0]
  const hint =
    nearest !== undefined && nearest.distance <= Math.max(2, name.length / 3)
      ? `did you mean ${nearest.candidate}?`
      : `known are ${known.join(', ')}`
  return new ConfigError(name, `${owner} has no option ${name}: ${hint}`)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

function expected(name: string, what: string, value: unknown): ConfigError {
  return new ConfigError(name, `${name} must be ${what}, not ${inspect(value)}`)
}

/** A whole number within bounds, both inclusive. */
export function integer(
  fallback: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): Option<number> {
  return {
    default: fallback,
    check: (value, name) => {
      if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return
      const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
      throw expected(name, `a whole number ${bounds}`, value)
    },
  }
}

/** A duration in milliseconds that fits a timer: 0 to 2^31 - 1. */
export function milliseconds(fallback: number, { min = 0 }: { min?: number } = {}): Option<number> {
  return integer(fallback, { min, max: 0x7fffffff })
}

/** true or false. */
export function flag(fallback: boolean): Option<boolean> {
  return {
    default: fallback,
    check: (value, name) => {
      if (typeof value !== 'boolean') throw expected(name, 'true or false', value)
    },
  }
}

/** A string that is not empty. */
export function text(): Option<string | undefined>
export function text(fallback: string): Option<string>
export function text(fallback?: string): Option<string | undefined> {
  return {
    default: fallback,
    check: (value, name) => {
      if (typeof value !== 'string' || value === '') throw expected(name, 'a string that is not empty', value)
    },
  }
}

/** One of a few values. */
export function oneOf<const T extends string | number>(fallback: NoInfer<T>, choices: readonly T[]): Option<T> {
  return {
    default: fallback,
    check: (value, name) => {
      if (!choices.includes(value as T)) throw expected(name, `one of ${choices.join(', ')}`, value)
    },
  }
}

/** An array whose every item is a string that is not empty. */
export function texts(): Option<readonly string[] | undefined> {
  return {
    default: undefined,
    check: (value, name) => {
      const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
      if (!isTexts) throw expected(name, 'an array of strings that are not empty', value)
    },
  }
}

/** An object with these methods. */
export function implementing<T extends object>(...methods: (keyof T & string)[]): Option<T | undefined> {
  return {
    default: undefined,
    check: (value, name) => {
      const has = (method: string) => typeof (value as Record<string, unknown>)[method] === 'function'
      if (typeof value !== 'object' || value === null || !methods.every(has)) {
        throw expected(name, `an object with ${methods.join(' and ')}`, value)
      }
    },
  }
}

/** A function. */
export function callback<T>(): Option<T | undefined> {
  return {
    default: undefined,
    check: (value, name) => {
      if (typeof value !== 'function') throw expected(name, 'a function', value)
    },
  }
}

/** Anything that `check` does not complain of: it returns what the value must be, or undefined when it is right. */
export function checked<T>(fallback: T, check: (value: unknown) => string | undefined): Option<T> {
  return {
    default: fallback,
    check: (value, name) => {
      const complaint = check(value)
      if (complaint !== undefined) throw expected(name, complaint, value)
    },
  }
}
