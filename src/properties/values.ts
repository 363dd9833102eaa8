import { ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'

/** How the text of a property becomes a value of ours. */
export interface Conversion<T> {
  /** What changes besides the name, for the table of names; empty when nothing does. */
  readonly note: string
  /** Throws ConfigError naming the property. Undefined leaves our default in place. */
  readonly convert: (text: string, property: string) => T | undefined
}

/** Longest duration of ours, some 25 days: what Java calls forever. */
const FOREVER_MS = 0x7fffffff

/** Text as it is; empty text counts as not given. */
export const asText: Conversion<string> = { note: '', convert: (text) => (text === '' ? undefined : text) }

export const asInteger: Conversion<number> = {
  note: '',
  convert: (text, property) => (/^[+-]?\d+$/.test(text) ? Number(text) : misfit(property, 'a whole number', text)),
}

/** 1,024 bytes each. */
export const asKibibytes: Conversion<number> = {
  note: 'in units of 1,024 bytes',
  convert: (text, property) => asInteger.convert(text, property)! * 1024,
}

/** Milliseconds; librdkafka has fractions of them in places. Longer ones than ours can be are as long as those. */
export const asMilliseconds: Conversion<number> = {
  note: '',
  convert: (text, property) =>
    /^\d+(?:\.\d+)?$/.test(text) ? milliseconds(text) : misfit(property, 'a number of milliseconds', text),
}

/** Milliseconds, where 0 or less stands for never or forever. */
export const asMillisecondsOrNever: Conversion<number> = {
  note: '0 or -1: never',
  convert: (text, property) => (/^(?:0|-1)$/.test(text) ? FOREVER_MS : asMilliseconds.convert(text, property)),
}

function milliseconds(text: string): number {
  return Math.min(Math.round(Number(text)), FOREVER_MS)
}

export const asFlag: Conversion<boolean> = {
  note: '',
  convert: (text, property) => {
    const lower = text.toLowerCase()
    return lower === 'true' ? true : lower === 'false' ? false : misfit(property, 'true or false', text)
  },
}

/** One of a few words, some of them under other names. */
export function asOneOf<const T extends string | number>(words: Readonly<Record<string, T>>, note = ''): Conversion<T> {
  return {
    note,
    convert: (text, property) => {
      const lower = text.toLowerCase()
      return Object.hasOwn(words, lower)
        ? words[lower]
        : misfit(property, `one of ${Object.keys(words).join(', ')}`, text)
    },
  }
}

/** Broker addresses. Java allows a protocol before each, and librdkafka a port to be left out. */
export const asServers: Conversion<string> = {
  note: '',
  convert: (text) => {
    const servers = text.split(',').map((server) => server.trim().replace(/^[\w-]+:\/\//, ''))
    return servers
      .filter((server) => server !== '')
      .map((server) => (/:\d+$/.test(server) ? server : `${server}:9092`))
      .join(',')
  },
}

function misfit(property: string, what: string, text: string): never {
  throw new ConfigError(property, `${property} must be ${what}, not ${inspect(text)}`)
}
