/** Bytes before the ciphertext, as Tink has them: a fresh nonce for each. */
const NONCE_BYTES = 12

type Bytes = Uint8Array<ArrayBuffer>

/** A key for AES-GCM; the bytes are those of Tink's primitive without a prefix: nonce, ciphertext, tag. */
export class AesGcm {
  readonly #key: ReturnType<typeof crypto.subtle.importKey>

  constructor(key: Uint8Array) {
    this.#key = crypto.subtle.importKey('raw', key as Bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
    // Whoever uses it is told.
    this.#key.catch(() => {})
  }

  async encrypt(plain: Uint8Array): Promise<Uint8Array> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const encrypted = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await this.#key, plain)
    const bytes = new Uint8Array(NONCE_BYTES + encrypted.byteLength)
    bytes.set(iv)
    bytes.set(new Uint8Array(encrypted), NONCE_BYTES)
    return bytes
  }

  /** Rejects for anything but what was encrypted with this key. */
  async decrypt(bytes: Uint8Array): Promise<Uint8Array> {
    const iv = bytes.slice(0, NONCE_BYTES)
    const encrypted = bytes.slice(NONCE_BYTES)
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await this.#key, encrypted))
  }
}

/** Tag and wire type of the field that holds the key, in Tink's message AesGcmKey. */
const KEY_FIELD = 0x1a

/** The key as Tink's message AesGcmKey, which is what key management services encrypt. */
export function encodeAesGcmKey(key: Uint8Array): Uint8Array {
  return Uint8Array.of(KEY_FIELD, key.length, ...key)
}

/** The key in a message AesGcmKey; undefined when it is none. */
export function decodeAesGcmKey(message: Uint8Array): Uint8Array | undefined {
  // Before it may stand the version, which is 0.
  const start = message[0] === 0x08 && message[1] === 0 ? 2 : 0
  const length = message[start + 1]
  const isKey = message[start] === KEY_FIELD && (length === 16 || length === 32)
  return isKey && message.length === start + 2 + length ? message.slice(start + 2) : undefined
}
