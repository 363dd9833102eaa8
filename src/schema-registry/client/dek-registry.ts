import { objectOf } from './answers.ts'
import type { CallOptions, RegistryTransport } from './transport.ts'

/** How a data encryption key encrypts. */
export type DekAlgorithm = 'AES128_GCM' | 'AES256_GCM' | 'AES256_SIV'

/** A key of a key management service, by which data encryption keys are encrypted. */
export interface KeyEncryptionKey {
  name: string
  /** Such as `aws-kms`, `hcvault` or `local-kms`. */
  kmsType: string
  /** The key's name in that service. */
  kmsKeyId: string
  kmsProps?: Readonly<Record<string, string>> | undefined
  doc?: string | undefined
  /** Whether the registry itself may use the key, and then encrypts and decrypts data keys. */
  shared?: boolean | undefined
  deleted?: boolean | undefined
}

/** A key that encrypts data, itself encrypted. */
export interface DataEncryptionKey {
  kekName: string
  subject: string
  version: number
  algorithm: DekAlgorithm
  /** In base64. */
  encryptedKeyMaterial?: string | undefined
  /** In base64; only told for shared keys. */
  keyMaterial?: string | undefined
  /** When it was made, in milliseconds since 1970. */
  ts?: number | undefined
  deleted?: boolean | undefined
}

/** Which data key: its subject, and the version where that is not the first. */
export interface DekQuery {
  algorithm?: DekAlgorithm | undefined
  version?: number | 'latest' | undefined
  deleted?: boolean | undefined
}

const ROOT = ['dek-registry', 'v1', 'keks']

/** The registry of encryption keys that belongs to a Schema Registry (`/dek-registry/v1`). Nothing is kept here. */
export class DekRegistryApi {
  readonly #transport: RegistryTransport

  constructor(transport: RegistryTransport) {
    this.#transport = transport
  }

  async getKek(name: string, options: CallOptions & { deleted?: boolean | undefined } = {}): Promise<KeyEncryptionKey> {
    const query = { deleted: options.deleted }
    const answer = await this.#transport.request({ method: 'GET', path: [...ROOT, name], query }, options)
    return objectOf(answer, `key ${name}`) as unknown as KeyEncryptionKey
  }

  async createKek(kek: KeyEncryptionKey, options: CallOptions = {}): Promise<KeyEncryptionKey> {
    const answer = await this.#transport.request({ method: 'POST', path: ROOT, body: kek }, options)
    return objectOf(answer, `key ${kek.name}`) as unknown as KeyEncryptionKey
  }

  /** A data key of a subject; the first version unless another is asked for. */
  async getDek(kekName: string, subject: string, options: CallOptions & DekQuery = {}): Promise<DataEncryptionKey> {
    const { algorithm, version = 1, deleted } = options
    const path = [...ROOT, kekName, 'deks', subject, 'versions', version === 'latest' ? -1 : version]
    const answer = await this.#transport.request({ method: 'GET', path, query: { algorithm, deleted } }, options)
    return objectOf(answer, `data key of ${subject}`) as unknown as DataEncryptionKey
  }

  async createDek(
    kekName: string,
    dek: Pick<DataEncryptionKey, 'subject' | 'algorithm' | 'encryptedKeyMaterial'> & { version?: number | undefined },
    options: CallOptions = {},
  ): Promise<DataEncryptionKey> {
    const path = [...ROOT, kekName, 'deks']
    const answer = await this.#transport.request({ method: 'POST', path, body: dek }, options)
    return objectOf(answer, `data key of ${dek.subject}`) as unknown as DataEncryptionKey
  }
}
