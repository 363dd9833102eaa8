import {
  createHash,
  createHmac,
  createPrivateKey,
  type KeyObject,
  pbkdf2 as derive,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto'
import { encodeBase64Url } from './base64.ts'

/** A hash function of SCRAM and of request signatures. */
export type HashName = 'sha256' | 'sha512'

/** How a JSON Web Token is signed (RFC 7518). */
export type SigningAlgorithm = 'RS256' | 'ES256'

/** Bytes that a hash function makes. */
export const HASH_SIZE_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha512: 64 }

export function hash(name: HashName, data: Uint8Array | string): Uint8Array {
  return createHash(name).update(data).digest()
}

export function hmac(name: HashName, key: Uint8Array | string, data: Uint8Array | string): Uint8Array {
  return createHmac(name, key).update(data).digest()
}

/** PBKDF2 with HMAC (RFC 8018), off the event loop: at 16,384 iterations it takes some 10 ms. */
export function pbkdf2(
  name: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    derive(password, salt, iterations, HASH_SIZE_BYTES[name], name, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** Compares in a time that tells nothing of where the difference is. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Random text of 32 characters that are safe in every SASL message. */
export function randomText(): string {
  return encodeBase64Url(randomBytes(24))
}

/**
 * Signs text with a private key in PEM, as a JSON Web Token is signed. Throws what the runtime throws for a key that does not
 * load or does not fit the algorithm; such errors hold nothing of the key.
 */
export function signText(
  text: string,
  algorithm: SigningAlgorithm,
  pem: string,
  passphrase: string | undefined,
): Uint8Array {
  const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
  const misfit = keyMisfit(key, algorithm)
  if (misfit !== undefined) throw new TypeError(misfit)
  // JSON Web Tokens want both halves of an ECDSA signature side by side, not the usual DER.
  return sign('sha256', Buffer.from(text), algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key)
}

function keyMisfit(key: KeyObject, algorithm: SigningAlgorithm): string | undefined {
  const type = key.asymmetricKeyType
  if (algorithm === 'RS256') return type === 'rsa' ? undefined : `RS256 needs an RSA key, not one of type ${type}`
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (type === 'ec' && curve === 'prime256v1') return undefined
  return `ES256 needs a key on the curve P-256, not one of type ${type}${curve === undefined ? '' : ` on ${curve}`}`
}
