import { SerializationError } from '../errors.ts'

/** What JSON text can hold. Whole numbers that a number cannot hold exactly are bigints. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** A string, which is passed over, or a number of JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
/** Starts the strings that stand for large numbers while JSON.parse runs: noncharacters, which no schema has a use for. */
const MARK = '\uFDD0\uFDD1'

/** Parses JSON and keeps every digit of whole numbers: defaults of longs go beyond what JSON.parse holds exactly. */
export function parseJson(text: string): JsonValue {
  try {
    if (!/\d{16}/.test(text)) return JSON.parse(text) as JsonValue
    const marked = text.replace(TOKEN, (token) => {
      if (!/^-?\d+$/.test(token) || Number.isSafeInteger(Number(token))) return token
      return `"${MARK}${token}"`
    })
    return JSON.parse(marked, (_, value: unknown) =>
      typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
    ) as JsonValue
  } catch (cause) {
    throw new SerializationError(`the schema is not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** Whether a value is a JSON object. */
export function isJsonObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
