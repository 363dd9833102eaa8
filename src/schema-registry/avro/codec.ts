import { SerializationError } from '../errors.ts'
import { canonicalForm } from './canonical.ts'
import { incompatibilities, type AvroIncompatibility } from './compatibility.ts'
import { DecodeCompiler, type Decode } from './decode.ts'
import { EncodeCompiler, type Encode } from './encode.ts'
import { fingerprint, rabinFingerprint, type FingerprintAlgorithm } from './fingerprint.ts'
import { toSerializationError } from './misfit.ts'
import { valueRules, type AvroValueOptions } from './options.ts'
import { parseSchema } from './parse.ts'
import { AvroReader } from './reader.ts'
import { Resolution } from './resolve.ts'
import type { AvroType, NamedType } from './types.ts'
import { AvroWriter } from './writer.ts'

const NOTHING = new Uint8Array(0)

/** Shared by all that encode: one message is finished before the next begins. */
let sharedWriter: AvroWriter | undefined = new AvroWriter()

/** A schema whose names are resolved. */
export interface ParsedSchema {
  readonly parsed: AvroType
}

/** Options of a codec that works without a registry. */
export interface AvroCodecOptions extends AvroValueOptions {
  /** Schemas of the types that the schema names but does not define, those that others need first. */
  references?: readonly (string | object)[] | undefined
}

/** Reads messages. */
export type AvroDecoder<T> = (bytes: Uint8Array) => T

/**
 * Writes and reads values of one Avro schema: `new AvroCodec<Order>(schemaText)`. What is read is trusted to be a T. Compiles the
 * schema to closures once; no code is generated, so that it runs where `eval` is forbidden.
 */
export class AvroCodec<T = unknown> {
  /** The schema with its names resolved. */
  readonly type: AvroType
  readonly #names = new Map<string, NamedType>()
  readonly #decoders: DecodeCompiler
  readonly #encode: Encode
  readonly #decode: Decode

  /**
   * @param schema - JSON text, parsed JSON, or the type of another codec.
   * Throws SerializationError for what is no schema.
   */
  constructor(schema: string | object | ParsedSchema, options: AvroCodecOptions = {}) {
    for (const reference of options.references ?? []) parseSchema(reference, { names: this.#names })
    this.type = this.#parse(schema)
    const rules = valueRules(options)
    this.#decoders = new DecodeCompiler(rules)
    this.#encode = new EncodeCompiler(rules).compile(this.type)
    this.#decode = this.#decoders.compile(this.type)
  }

  /** `prefix` and the value behind it. Throws SerializationError, with the path of what does not fit the schema. */
  encode(value: T, prefix: Uint8Array = NOTHING): Uint8Array {
    // A converter of a user's may encode something itself.
    const out = sharedWriter ?? new AvroWriter()
    sharedWriter = undefined
    try {
      out.begin()
      if (prefix.length > 0) out.raw(prefix)
      this.#encode(out, value)
      return out.finish()
    } catch (error) {
      throw error instanceof RangeError
        ? new SerializationError('the value is nested too deep', { cause: error })
        : toSerializationError(error)
    } finally {
      sharedWriter = out
    }
  }

  /** The value that takes up all of `bytes`. Throws SerializationError for bytes that are none. */
  decode(bytes: Uint8Array): T {
    return decodeAll(this.#decode, bytes) as T
  }

  /** What reads values that were written with another schema as values of this one. */
  decoderOf(writer: string | object | ParsedSchema): AvroDecoder<T> {
    const writerType = this.#parse(writer)
    if (writerType === this.type) return (bytes) => this.decode(bytes)
    const decode = new Resolution(this.type, this.#decoders).compile(writerType, this.type)
    return (bytes) => decodeAll(decode, bytes) as T
  }

  /** Why not every value of another schema can be read as one of this; empty when all can. A registry judges the same. */
  incompatibilitiesWith(writer: string | object | ParsedSchema): readonly AvroIncompatibility[] {
    return incompatibilities(this.type, this.#parse(writer))
  }

  /** Parsing Canonical Form of the specification. */
  get canonicalForm(): string {
    return canonicalForm(this.type)
  }

  /** Digest of the canonical form; CRC-64-AVRO in little endian. */
  fingerprint(algorithm: FingerprintAlgorithm = 'SHA-256'): Uint8Array {
    return fingerprint(this.type, algorithm)
  }

  /** CRC-64-AVRO of the canonical form: by it single-object encoding names the schema. */
  get rabinFingerprint(): bigint {
    return rabinFingerprint(this.type)
  }

  #parse(schema: string | object): AvroType {
    if (typeof schema === 'object' && 'parsed' in schema) return schema.parsed as AvroType
    // A copy of the names: another version of the same types may be what is parsed.
    return parseSchema(schema, { names: new Map(this.#names) })
  }
}

function decodeAll(decode: Decode, bytes: Uint8Array): unknown {
  const reader = new AvroReader(bytes)
  try {
    const value = decode(reader)
    if (reader.remaining === 0) return value
  } catch (error) {
    throw toSerializationError(error)
  }
  throw new SerializationError(
    `${reader.remaining} of ${bytes.length} bytes are left behind the value: another schema wrote them`,
  )
}
