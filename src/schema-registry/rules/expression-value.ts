/**
 * JSON-like data as expression languages want it: numbers without a fraction are integers, which are bigints. Formats that know the
 * types of their numbers tell better.
 */
export function plainExpressionValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(plainExpressionValue)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plainExpressionValue(item)]))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainExpressionValue(item)]))
}

/** What came of an expression as data of JavaScript: integers are numbers where that is exact. */
export function fromExpressionValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map(fromExpressionValue)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, fromExpressionValue(item)]))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromExpressionValue(item)]))
}
