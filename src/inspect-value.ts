/** A value as an error message shows it: short, on one line, and only the type of what may hold a secret. */
export function inspect(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object')
    return `an object${value.constructor?.name === 'Object' ? '' : ` (${value.constructor?.name ?? 'no class'})`}`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value
}
