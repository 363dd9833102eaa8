import type { Decode, DecodeCompiler } from './decode.ts'
import { writeDefault } from './defaults.ts'
import type { JsonValue } from './json.ts'
import { Misfit } from './misfit.ts'
import { AvroReader } from './reader.ts'
import type { AvroType } from './types.ts'
import { AvroWriter } from './writer.ts'

/** A default in binary form. Throws Misfit for one that its type cannot carry. */
export function encodeDefault(type: AvroType, json: JsonValue): Uint8Array {
  const out = new AvroWriter()
  out.begin()
  writeDefault(out, type, json)
  return out.finish().slice()
}

/**
 * Gives a default where the writer has no such field: read anew each time, from its binary form, so that records do not share
 * objects. One that is no value of its type fails when it is needed.
 */
export function defaultDecoder(type: AvroType, json: JsonValue, compiler: DecodeCompiler): Decode {
  let encoded: Uint8Array
  try {
    encoded = encodeDefault(type, json)
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    return () => {
      throw new Misfit(error.reason)
    }
  }
  const decode = compiler.compile(type)
  return () => decode(new AvroReader(encoded))
}
