/** Bytes of a block of AES, and of the synthetic nonce before the ciphertext. */
const BLOCK_BYTES = 16
const ZERO_BLOCK = new Uint8Array(BLOCK_BYTES)

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/**
 * A key for AES-SIV (RFC 5297) without associated data: the same plaintext gives the same bytes, so that what is encrypted can still be
 * compared, and records be keyed by it. The first half of the key authenticates, the second encrypts.
 */
export class AesSiv {
  readonly #mac: Promise<Cmac>
  readonly #encryption: Promise<Key>

  constructor(key: Uint8Array) {
    const half = key.length / 2
    this.#mac = Cmac.of(key.slice(0, half))
    this.#encryption = crypto.subtle.importKey('raw', key.slice(half), 'AES-CTR', false, ['encrypt'])
    // Whoever uses them is told.
    this.#mac.catch(() => {})
    this.#encryption.catch(() => {})
  }

  async encrypt(plain: Uint8Array): Promise<Uint8Array> {
    const nonce = await this.#nonceOf(plain)
    const bytes = new Uint8Array(BLOCK_BYTES + plain.length)
    bytes.set(nonce)
    bytes.set(await this.#keyStream(nonce, plain), BLOCK_BYTES)
    return bytes
  }

  /** Rejects for anything but what was encrypted with this key. */
  async decrypt(bytes: Uint8Array): Promise<Uint8Array> {
    const nonce = bytes.slice(0, BLOCK_BYTES)
    if (nonce.length < BLOCK_BYTES) throw new RangeError('too short to be encrypted')
    const plain = await this.#keyStream(nonce, bytes.slice(BLOCK_BYTES))
    const expected = await this.#nonceOf(plain)
    let difference = 0
    for (let i = 0; i < BLOCK_BYTES; i++) difference |= nonce[i]! ^ expected[i]!
    if (difference !== 0) throw new RangeError('changed, or encrypted with another key')
    return plain
  }

  /** S2V of the RFC: over no associated data, which is still a part, and the plaintext. */
  async #nonceOf(plain: Uint8Array): Promise<Uint8Array> {
    const mac = await this.#mac
    const mixed = xor(doubled(await mac.of(ZERO_BLOCK)), await mac.of(new Uint8Array(0)))
    if (plain.length < BLOCK_BYTES) return mac.of(xor(doubled(mixed), padded(plain)))
    const end = plain.slice()
    for (let i = 0; i < BLOCK_BYTES; i++) end[plain.length - BLOCK_BYTES + i]! ^= mixed[i]!
    return mac.of(end)
  }

  async #keyStream(nonce: Uint8Array, bytes: Uint8Array): Promise<Uint8Array> {
    const counter = nonce.slice()
    // So that counters of 32 and 64 bits do not overflow.
    counter[8]! &= 0x7f
    counter[12]! &= 0x7f
    const stream = { name: 'AES-CTR', counter, length: 128 }
    return new Uint8Array(await crypto.subtle.encrypt(stream, await this.#encryption, bytes.slice()))
  }
}

/** AES-CMAC (RFC 4493), by the chaining of AES-CBC. */
class Cmac {
  readonly #key: Key
  readonly #whole: Uint8Array
  readonly #padded: Uint8Array

  private constructor(key: Key, zero: Uint8Array) {
    this.#key = key
    this.#whole = doubled(zero)
    this.#padded = doubled(this.#whole)
  }

  static async of(bytes: Uint8Array<ArrayBuffer>): Promise<Cmac> {
    const key = await crypto.subtle.importKey('raw', bytes, 'AES-CBC', false, ['encrypt'])
    return new Cmac(key, await lastBlock(key, ZERO_BLOCK))
  }

  of(message: Uint8Array): Promise<Uint8Array> {
    const isWhole = message.length > 0 && message.length % BLOCK_BYTES === 0
    const start = isWhole ? message.length - BLOCK_BYTES : message.length - (message.length % BLOCK_BYTES)
    const last = message.subarray(start)
    const blocks = new Uint8Array(start + BLOCK_BYTES)
    blocks.set(message.subarray(0, start))
    blocks.set(isWhole ? xor(last, this.#whole) : xor(padded(last), this.#padded), start)
    return lastBlock(this.#key, blocks)
  }
}

/** The last block of what AES-CBC makes of whole blocks, before the one that it adds as padding. */
async function lastBlock(key: Key, blocks: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const chained = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv: ZERO_BLOCK }, key, blocks))
  return chained.slice(blocks.length - BLOCK_BYTES, blocks.length)
}

/** Times x in the field of 2^128. */
function doubled(block: Uint8Array): Uint8Array {
  const result = new Uint8Array(BLOCK_BYTES)
  for (let i = 0; i < BLOCK_BYTES; i++) result[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7)
  if (block[0]! >= 0x80) result[BLOCK_BYTES - 1]! ^= 0x87
  return result
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!)
}

/** A block that is not full, with one bit and zeros behind it. */
function padded(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(bytes)
  block[bytes.length] = 0x80
  return block
}
