import type { JsonValue } from './json.ts'
import type { LogicalAnnotation } from './types.ts'

/** The underlying type that each logical type of the specification belongs on. */
const BASES: Readonly<Record<string, readonly string[]>> = {
  decimal: ['bytes', 'fixed'],
  'big-decimal': ['bytes'],
  uuid: ['string', 'fixed'],
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
  duration: ['fixed'],
}

/**
 * The logical type that a definition gives its underlying type. Undefined when there is none, or when it is invalid there: such are
 * to be ignored. Names that the specification does not know are kept, for converters of one's own.
 */
export function logicalAnnotation(
  definition: { readonly [key: string]: JsonValue },
  kind: string,
  size = 0,
): LogicalAnnotation | undefined {
  const { logicalType: name, precision, scale = 0 } = definition
  if (typeof name !== 'string') return undefined
  const bases = Object.hasOwn(BASES, name) ? BASES[name] : undefined
  if (bases !== undefined && !bases.includes(kind)) return undefined
  if (name === 'uuid' && kind === 'fixed' && size !== 16) return undefined
  if (name === 'duration' && size !== 12) return undefined
  if (name !== 'decimal') return { name }
  if (!Number.isInteger(precision) || !Number.isInteger(scale)) return undefined
  const [digits, decimals] = [precision as number, scale as number]
  if (digits < 1 || decimals < 0 || decimals > digits) return undefined
  // A two's complement number of n bytes holds every number of floor(log10(2^(8n - 1) - 1)) digits.
  if (kind === 'fixed' && digits > Math.floor(Math.log10(2) * (8 * size - 1))) return undefined
  return { name, precision: digits, scale: decimals }
}
