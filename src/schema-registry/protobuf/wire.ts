import { DecodeError } from '../../errors.ts'

/** Protobuf's wire types. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const

/** Writes the Protobuf encoding of small messages: schemas and their options. Records are the business of a Protobuf library. */
export class WireWriter {
  readonly #bytes: number[] = []

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  tag(field: number, wireType: number): this {
    return this.varint((BigInt(field) << 3n) | BigInt(wireType))
  }

  /** Negative values take ten bytes, as int32 and int64 do. */
  varint(value: bigint): this {
    let rest = BigInt.asUintN(64, value)
    while (rest > 127n) {
      this.#bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.#bytes.push(Number(rest))
    return this
  }

  bytes(value: Uint8Array): this {
    this.varint(BigInt(value.length))
    return this.raw(value)
  }

  /** Bytes as they are, without a length. */
  raw(value: Uint8Array): this {
    for (const byte of value) this.#bytes.push(byte)
    return this
  }
}

/** Reads the Protobuf encoding; every length is checked before it is used. Throws DecodeError. */
export class WireReader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  tag(): { field: number; wireType: number } {
    const tag = this.varint()
    const field = Number(tag >> 3n)
    if (field === 0 || field > 536_870_911) throw this.#error(`there is no field ${field}`)
    return { field, wireType: Number(tag & 7n) }
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#position]
      if (byte === undefined) throw this.#error('a number is cut off')
      this.#position++
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw this.#error('a number takes more than ten bytes')
  }

  bytes(): Uint8Array {
    return this.raw(Number(this.varint()))
  }

  raw(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#position) throw this.#error('the bytes are cut off')
    const value = this.#bytes.subarray(this.#position, this.#position + length)
    this.#position += length
    return value
  }

  /** Goes past a field that nobody asks for. */
  skip(wireType: number): void {
    if (wireType === WIRE.varint) this.varint()
    else if (wireType === WIRE.fixed64) this.raw(8)
    else if (wireType === WIRE.bytes) this.bytes()
    else if (wireType === WIRE.fixed32) this.raw(4)
    else throw this.#error(`wire type ${wireType} cannot stand here`)
  }

  #error(reason: string): DecodeError {
    return new DecodeError(reason, { offset: this.#position })
  }
}
