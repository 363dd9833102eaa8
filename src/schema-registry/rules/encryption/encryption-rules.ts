import { decodeBase64, encodeBase64 } from '../../../network/sasl/base64.ts'
import { decodeUtf8 } from '../../../protocol/bytes/utf8.ts'
import type { SchemaRegistryClient } from '../../client/schema-registry-client.ts'
import { SerializationError } from '../../errors.ts'
import type { RuleContext, RuleExecutor } from '../rule.ts'
import { KeyRing, parametersOf } from './key-ring.ts'
import type { KeyManagementService } from './kms.ts'

/** Before the ciphertext, where keys expire: this byte and the key's version as int32. */
const VERSION_MAGIC = 0
const VERSION_BYTES = 5

/** Options of `encryptionRules`. */
export interface EncryptionOptions {
  /** The services that have the keys which data keys are encrypted with, such as `localKms({ secret })`. */
  kms: readonly KeyManagementService[]
}

/**
 * Carries out rules of the types ENCRYPT, for fields of text and bytes, and ENCRYPT_PAYLOAD, for whole bodies:
 * `rules: { executors: encryptionRules({ kms: [localKms({ secret })] }) }`. Data keys are made for each subject and kept, encrypted, in
 * the registry; data is encrypted with AES-GCM, or with AES-SIV where the same text is to look the same. What Confluent's clients encrypt so can be read, and the other way round.
 */
export function encryptionRules({ kms }: EncryptionOptions): readonly RuleExecutor[] {
  const rings = new WeakMap<SchemaRegistryClient, KeyRing>()
  const ringOf = ({ registry }: RuleContext): KeyRing => {
    const ring = rings.get(registry) ?? new KeyRing(kms)
    rings.set(registry, ring)
    return ring
  }
  return [
    {
      type: 'ENCRYPT',
      executeField: async (context, { type, fullName }, value) => {
        if (value === null || value === undefined) return value
        const ring = ringOf(context)
        if (type === 'STRING' && typeof value === 'string') {
          if (context.mode === 'READ') {
            const encrypted = decodeBase64(value)
            if (encrypted === undefined) throw new SerializationError('the text is not encrypted', { path: fullName })
            const plain = await decrypt(context, ring, encrypted)
            return decodeUtf8(plain, 0, plain.length)
          }
          return encodeBase64(await encrypt(context, ring, new TextEncoder().encode(value)))
        }
        if (type === 'BYTES' && value instanceof Uint8Array) return crypted(context, ring, value)
        if (context.mode === 'READ') return value
        throw new SerializationError(`only text and bytes can be encrypted, and this is of type ${type}`, {
          path: fullName,
        })
      },
    },
    {
      type: 'ENCRYPT_PAYLOAD',
      execute: (context, value) => {
        if (value instanceof Uint8Array) return crypted(context, ringOf(context), value)
        throw new SerializationError('ENCRYPT_PAYLOAD is for encoding rules, which see bytes')
      },
    },
  ]
}

function crypted(context: RuleContext, ring: KeyRing, value: Uint8Array): Promise<Uint8Array> {
  return context.mode === 'READ' ? decrypt(context, ring, value) : encrypt(context, ring, value)
}

async function encrypt(context: RuleContext, ring: KeyRing, plain: Uint8Array): Promise<Uint8Array> {
  const { cipher, version } = await ring.toEncrypt(context)
  const encrypted = await cipher.encrypt(plain)
  if (parametersOf(context).expiryDays === 0) return encrypted
  const bytes = new Uint8Array(VERSION_BYTES + encrypted.length)
  bytes[0] = VERSION_MAGIC
  new DataView(bytes.buffer).setInt32(1, version)
  bytes.set(encrypted, VERSION_BYTES)
  return bytes
}

async function decrypt(context: RuleContext, ring: KeyRing, bytes: Uint8Array): Promise<Uint8Array> {
  let version: number | undefined
  let encrypted = bytes
  if (parametersOf(context).expiryDays > 0) {
    if (bytes[0] !== VERSION_MAGIC || bytes.length < VERSION_BYTES) {
      throw new SerializationError('the encrypted value does not tell the version of its key')
    }
    version = new DataView(bytes.buffer, bytes.byteOffset).getInt32(1)
    encrypted = bytes.subarray(VERSION_BYTES)
  }
  const { cipher } = await ring.toDecrypt(context, version)
  try {
    return await cipher.decrypt(encrypted)
  } catch (cause) {
    throw new SerializationError('the value cannot be decrypted: it was changed, or encrypted with another key', {
      cause,
    })
  }
}
