import { UnionValue } from './union-value.ts'

/** Whether a value can be written as a record: an object of any class, so that users' own will do. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof UnionValue)
}

/** Whether a value can be written as a map. */
export function isMapLike(value: unknown): value is Map<unknown, unknown> | Readonly<Record<string, unknown>> {
  return isObject(value) && !(value instanceof Uint8Array) && !(value instanceof Date)
}

/** A field's value; undefined for what every object has, such as `constructor`, unless its class or itself says otherwise. */
export function ownOrInherited(record: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name]
  return name in Object.prototype ? undefined : record[name]
}
