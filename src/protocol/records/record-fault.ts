import { EncodeError } from '../../errors.ts'
import type { EncodableHeader } from './record.ts'

/**
 * Finds out which part of a record cannot be encoded, and returns the error that says so. Only called once encoding has failed, so
 * that the hot path keeps no track of where it is.
 */
export function recordFault(
  timestamp: unknown,
  key: unknown,
  value: unknown,
  headers: unknown,
  cause: unknown,
): EncodeError {
  return (
    timestampFault(timestamp) ??
    contentFault(key, 'record.key', true) ??
    contentFault(value, 'record.value', true) ??
    headersFault(headers) ??
    new EncodeError(cause instanceof Error ? cause.message : String(cause), 'record', { cause })
  )
}

function timestampFault(timestamp: unknown): EncodeError | undefined {
  if (Number.isSafeInteger(timestamp)) return undefined
  return new EncodeError(`${show(timestamp)} is not an integer of milliseconds within +-(2^53 - 1)`, 'record.timestamp')
}

function headersFault(headers: unknown): EncodeError | undefined {
  if (headers === undefined) return undefined
  if (!Array.isArray(headers)) return new EncodeError(`${show(headers)} is not an array of headers`, 'record.headers')
  for (let i = 0; i < headers.length; i++) {
    const path = `record.headers[${i}]`
    const header: unknown = headers[i]
    if (typeof header !== 'object' || header === null) return new EncodeError(`${show(header)} is not a header`, path)
    const { key, value } = header as Partial<EncodableHeader>
    if (typeof key !== 'string') return new EncodeError(`${show(key)} is not a string`, `${path}.key`)
    const fault = contentFault(key, `${path}.key`, false) ?? contentFault(value, `${path}.value`, true)
    if (fault !== undefined) return fault
  }
  return undefined
}

function contentFault(content: unknown, path: string, isNullable: boolean): EncodeError | undefined {
  if (typeof content === 'string') {
    if (content.isWellFormed()) return undefined
    return new EncodeError('a lone surrogate has no UTF-8 form', path)
  }
  if ((content === null && isNullable) || content instanceof Uint8Array) return undefined
  return new EncodeError(`${show(content)} is neither a Uint8Array, a string nor null`, path)
}

/** What a wrong value is, without its content, which may be private. */
function show(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value === null) return String(value)
  if (typeof value === 'object') return `a value of class ${value.constructor?.name ?? 'Object'}`
  return `a value of type ${typeof value}`
}
