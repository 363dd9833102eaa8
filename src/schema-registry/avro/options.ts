import type { LogicalConverter, LogicalTypes } from './logical-types.ts'
import type { AvroType } from './types.ts'

/** How Avro's values look in JavaScript. */
export interface AvroValueOptions {
  /**
   * How longs are read. `auto`: a number when that is exact, else a bigint, so that nothing is lost and most values are easy to use.
   * `bigint`: always a bigint. `number`: always a number; a value beyond ±(2^53 - 1) is an error. Both are taken for writing, always.
   * Default `auto`.
   */
  longs?: 'auto' | 'bigint' | 'number' | undefined
  /**
   * How values of unions are read. `plain`: bare. `tagged`: as UnionValue, but for null, which keeps the branch of values that look
   * the same, such as of two records. Both are taken for writing, always. Default `plain`.
   */
  unions?: 'plain' | 'tagged' | undefined
  /**
   * Converters of logical types by name, such as `standardLogicalTypes`. Values of the others are those of the underlying type: an
   * int for a date, bytes for a decimal. Default none, as in Java's generic consumers.
   */
  logicalTypes?: LogicalTypes | undefined
}

/** The options with their defaults in place. */
export interface ValueRules {
  readonly longs: 'auto' | 'bigint' | 'number'
  readonly tagsUnions: boolean
  readonly logicalTypes: LogicalTypes
}

/** The options with their defaults in place. */
export function valueRules(options: AvroValueOptions): ValueRules {
  return {
    longs: options.longs ?? 'auto',
    tagsUnions: options.unions === 'tagged',
    logicalTypes: options.logicalTypes ?? {},
  }
}

/** What converts values of a type that has a logical type; undefined when they stay as they are. */
export function converterOf(type: AvroType, rules: ValueRules): LogicalConverter | undefined {
  const logical = 'logical' in type ? type.logical : undefined
  if (logical === undefined || !Object.hasOwn(rules.logicalTypes, logical.name)) return undefined
  return rules.logicalTypes[logical.name]?.({
    ...logical,
    kind: type.kind as 'int' | 'long' | 'string' | 'bytes' | 'fixed',
    size: type.kind === 'fixed' ? type.size : undefined,
  })
}
