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
