import { ConfigError } from '../../../errors.ts'
import { AesGcm } from './aes-gcm.ts'

/** A key management service: it encrypts data keys with keys that never leave it. What it throws is a failure of the rule. */
export interface KeyManagementService {
  /** As rules name it in `encrypt.kms.type`: aws-kms, azure-kms, gcp-kms, hcvault, local-kms or your own. */
  readonly type: string
  encrypt(key: KmsKey, plain: Uint8Array): Promise<Uint8Array>
  decrypt(key: KmsKey, encrypted: Uint8Array): Promise<Uint8Array>
}

/** A key in a key management service. */
export interface KmsKey {
  /** As rules name it in `encrypt.kms.key.id`. */
  readonly id: string
  /** What the registry knows of it besides. */
  readonly props: Readonly<Record<string, string>>
}

/**
 * A key management service of one secret that the program has, under the type `local-kms`: for tests, and for where there is no other.
 * Keys are derived as Confluent's clients do it (Java: LocalKmsClient), so that they read each other's data.
 */
export function localKms({ secret }: { secret: string }): KeyManagementService {
  if (typeof secret !== 'string' || secret === '')
    throw new ConfigError('secret', 'secret must be text that is not empty')
  let key: Promise<AesGcm> | undefined
  const derived = (): Promise<AesGcm> => (key ??= deriveKey(secret))
  return {
    type: 'local-kms',
    encrypt: async (_, plain) => (await derived()).encrypt(plain),
    decrypt: async (_, encrypted) => (await derived()).decrypt(encrypted),
  }
}

/** HKDF with SHA-256, without salt and context, of 16 bytes. */
async function deriveKey(secret: string): Promise<AesGcm> {
  const base = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), 'HKDF', false, ['deriveBits'])
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new Uint8Array() }
  return new AesGcm(new Uint8Array(await crypto.subtle.deriveBits(parameters, base, 128)))
}
