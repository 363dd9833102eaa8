import { decodeBase64, encodeBase64 } from '../../../network/sasl/base64.ts'
import type { DataEncryptionKey, DekAlgorithm, DekRegistryApi, KeyEncryptionKey } from '../../client/dek-registry.ts'
import { SchemaRegistryError, SerializationError } from '../../errors.ts'
import type { RuleContext } from '../rule.ts'
import { type Cipher, cipherOf, isAlgorithm, newDataKey } from './data-key.ts'
import type { KeyManagementService } from './kms.ts'

/** A data key that is ready for use. */
export interface ReadyKey {
  readonly cipher: Cipher
  readonly version: number
}

const MAX_KEPT = 10_000
const DAY_MS = 24 * 60 * 60 * 1000

interface KeptKey extends ReadyKey {
  readonly madeAtMs: number
}

/** The keys of one registry: found there, made where there are none, and kept decrypted (Java: EncryptionExecutor). */
export class KeyRing {
  readonly #kms: readonly KeyManagementService[]
  readonly #keks = new Map<string, Promise<KeyEncryptionKey>>()
  readonly #keys = new Map<string, Promise<KeptKey>>()

  constructor(kms: readonly KeyManagementService[]) {
    this.#kms = kms
  }

  /** The key to encrypt with; a new one once it has served its days, where the rule limits them. */
  async toEncrypt(context: RuleContext): Promise<ReadyKey> {
    const { kekName, algorithm, expiryDays } = parametersOf(context)
    const kek = await this.#kek(context, kekName)
    const { subject, registry } = context
    const version = expiryDays > 0 ? 'latest' : 1
    const name = `${kekName}/${algorithm}/${subject}/${version}`
    const isExpired = ({ madeAtMs }: KeptKey): boolean => expiryDays > 0 && Date.now() - madeAtMs >= expiryDays * DAY_MS
    const known = await kept(this.#keys, name, async () => {
      const found = await find(() => registry.deks.getDek(kekName, subject, { algorithm, version }))
      return this.#opened(kek, found ?? (await this.#create(context, kek, algorithm, undefined, version)))
    })
    if (!isExpired(known)) return known
    this.#keys.delete(name)
    return kept(this.#keys, name, async () => {
      return this.#opened(kek, await this.#create(context, kek, algorithm, known.version + 1, version))
    })
  }

  /** The key that something was encrypted with; the first where no version was noted. */
  async toDecrypt(context: RuleContext, version = 1): Promise<ReadyKey> {
    const { kekName, algorithm } = parametersOf(context)
    const { subject, registry } = context
    const kek = await this.#kek(context, kekName)
    return kept(this.#keys, `${kekName}/${algorithm}/${subject}/${version}`, async () => {
      const found = await find(() => registry.deks.getDek(kekName, subject, { algorithm, version, deleted: true }))
      if (found !== undefined) return this.#opened(kek, found)
      throw new SerializationError(`the registry has no data key ${version} of ${subject} under the key ${kekName}`)
    })
  }

  #kek(context: RuleContext, name: string): Promise<KeyEncryptionKey> {
    return kept(this.#keks, `${context.mode}/${name}`, () => findOrCreateKek(context, name))
  }

  async #create(
    { subject, registry }: RuleContext,
    kek: KeyEncryptionKey,
    algorithm: DekAlgorithm,
    next: number | undefined,
    version: number | 'latest',
  ): Promise<DataEncryptionKey> {
    let encryptedKeyMaterial: string | undefined
    // The registry makes those of shared keys itself.
    if (kek.shared !== true) {
      encryptedKeyMaterial = encodeBase64(await this.#service(kek).encrypt(keyOf(kek), newDataKey(algorithm)))
    }
    const made = { subject, algorithm, encryptedKeyMaterial, ...(next === undefined ? {} : { version: next }) }
    return createOrFind(
      registry.deks,
      () => registry.deks.createDek(kek.name, made),
      (deks) => deks.getDek(kek.name, subject, { algorithm, version }),
    )
  }

  async #opened(kek: KeyEncryptionKey, dek: DataEncryptionKey): Promise<KeptKey> {
    const { keyMaterial, encryptedKeyMaterial, version, ts } = dek
    const material = decodeBase64(keyMaterial ?? encryptedKeyMaterial ?? '')
    if (material === undefined || material.length === 0) {
      throw new SerializationError(`the registry tells nothing of the data key ${version} of ${dek.subject}`)
    }
    const isPlain = keyMaterial !== undefined
    const message = isPlain ? material : await this.#service(kek).decrypt(keyOf(kek), material)
    const cipher = cipherOf(message, dek.algorithm)
    if (cipher !== undefined) return { cipher, version, madeAtMs: ts ?? Date.now() }
    throw new SerializationError(`the data key ${version} of ${dek.subject} is no key for ${dek.algorithm}`)
  }

  #service({ kmsType, name }: KeyEncryptionKey): KeyManagementService {
    const service = this.#kms.find(({ type }) => type === kmsType)
    if (service !== undefined) return service
    throw new SerializationError(`the key ${name} is in a service of type ${kmsType}: pass one for it in kms`)
  }
}

interface Parameters {
  kekName: string
  algorithm: DekAlgorithm
  /** 0 for ever. */
  expiryDays: number
}

/** What the rule says about its keys. Throws SerializationError for what cannot be. */
export function parametersOf({ rule, schema }: RuleContext): Parameters {
  const parameter = (name: string): string | undefined => rule.params?.[name] ?? schema.metadata?.properties?.[name]
  const kekName = parameter('encrypt.kek.name') ?? ''
  if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(kekName)) {
    throw new SerializationError(`rule ${rule.name} must name a key in encrypt.kek.name, of letters, digits, _ and -`)
  }
  const algorithm = parameter('encrypt.dek.algorithm') ?? 'AES256_GCM'
  if (!isAlgorithm(algorithm)) {
    throw new SerializationError(
      `rule ${rule.name} asks for ${algorithm}: AES128_GCM, AES256_GCM and AES256_SIV are known`,
    )
  }
  const expiryDays = Number(parameter('encrypt.dek.expiry.days') ?? 0)
  if (Number.isInteger(expiryDays) && expiryDays >= 0) return { kekName, algorithm, expiryDays }
  throw new SerializationError(`encrypt.dek.expiry.days of rule ${rule.name} must be a whole number`)
}

async function findOrCreateKek({ rule, schema, registry, mode }: RuleContext, name: string): Promise<KeyEncryptionKey> {
  const isRead = mode === 'READ'
  const parameter = (key: string): string | undefined => rule.params?.[key] ?? schema.metadata?.properties?.[key]
  const [kmsType, kmsKeyId] = [parameter('encrypt.kms.type'), parameter('encrypt.kms.key.id')]
  let kek = await find(() => registry.deks.getKek(name, { deleted: isRead }))
  if (kek === undefined) {
    if (isRead) throw new SerializationError(`the registry has no key ${name}, which rule ${rule.name} decrypts with`)
    if (!kmsType || !kmsKeyId) {
      throw new SerializationError(
        `the registry has no key ${name} yet: rule ${rule.name} must have encrypt.kms.type and encrypt.kms.key.id`,
      )
    }
    kek = await createOrFind(
      registry.deks,
      () => registry.deks.createKek({ name, kmsType, kmsKeyId, shared: false }),
      (deks) => deks.getKek(name),
    )
  }
  if ((kmsType && kmsType !== kek.kmsType) || (kmsKeyId && kmsKeyId !== kek.kmsKeyId)) {
    throw new SerializationError(
      `the key ${name} is ${kek.kmsKeyId} of ${kek.kmsType}, not ${kmsKeyId} of ${kmsType} as rule ${rule.name} has it`,
    )
  }
  return kek
}

/** Another may be faster: then there is what was to be made. */
async function createOrFind<T>(
  deks: DekRegistryApi,
  create: () => Promise<T>,
  findAgain: (deks: DekRegistryApi) => Promise<T>,
): Promise<T> {
  try {
    return await create()
  } catch (error) {
    if (!(error instanceof SchemaRegistryError) || error.status !== 409) throw error
    return findAgain(deks)
  }
}

async function find<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SchemaRegistryError && error.status === 404) return undefined
    throw error
  }
}

function keyOf({ kmsKeyId, kmsProps = {} }: KeyEncryptionKey): { id: string; props: Readonly<Record<string, string>> } {
  return { id: kmsKeyId, props: kmsProps }
}

/** What is known, or is being found out; failures are not kept. */
function kept<T>(map: Map<string, Promise<T>>, name: string, load: () => Promise<T>): Promise<T> {
  let known = map.get(name)
  if (known === undefined) {
    if (map.size >= MAX_KEPT) map.clear()
    known = load()
    map.set(name, known)
    known.catch(() => map.delete(name))
  }
  return known
}
