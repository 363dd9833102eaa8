import type { DekAlgorithm } from '../../client/dek-registry.ts'
import { AesGcm } from './aes-gcm.ts'
import { AesSiv } from './aes-siv.ts'

/** Encrypts and decrypts with one key. */
export interface Cipher {
  encrypt(plain: Uint8Array): Promise<Uint8Array>
  /** Rejects for anything but what was encrypted with this key. */
  decrypt(bytes: Uint8Array): Promise<Uint8Array>
}

/** Bytes of a key, and the tag and wire type of the field that holds it in Tink's messages AesGcmKey and AesSivKey. */
const FORMS: Readonly<Record<DekAlgorithm, { keyBytes: number; field: number }>> = {
  AES128_GCM: { keyBytes: 16, field: 0x1a },
  AES256_GCM: { keyBytes: 32, field: 0x1a },
  AES256_SIV: { keyBytes: 64, field: 0x12 },
}

/** Whether there is a cipher of this name. */
export function isAlgorithm(name: string): name is DekAlgorithm {
  return Object.hasOwn(FORMS, name)
}

/** A new key as Tink's message, which is what key management services encrypt. */
export function newDataKey(algorithm: DekAlgorithm): Uint8Array {
  const { keyBytes, field } = FORMS[algorithm]
  return Uint8Array.of(field, keyBytes, ...crypto.getRandomValues(new Uint8Array(keyBytes)))
}

/** The cipher of a key in Tink's message; undefined when it is none for the algorithm. */
export function cipherOf(message: Uint8Array, algorithm: DekAlgorithm): Cipher | undefined {
  const { keyBytes, field } = FORMS[algorithm]
  // Before it may stand the version, which is 0.
  const start = message[0] === 0x08 && message[1] === 0 ? 2 : 0
  const isKey = message[start] === field && message[start + 1] === keyBytes && message.length === start + 2 + keyBytes
  if (!isKey) return undefined
  const key = message.slice(start + 2)
  return algorithm === 'AES256_SIV' ? new AesSiv(key) : new AesGcm(key)
}
