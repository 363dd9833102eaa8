import type { DataEncryptionKey, KeyEncryptionKey } from '../../schema-registry/client/dek-registry.ts'
import type { Handler } from './registry-routes.ts'
import { Refusal } from './registry-state.ts'

/** The registry of encryption keys; it stores what it gets, and has no key service of its own for shared keys. */
export const dekRoutes: readonly (readonly [route: string, handler: Handler])[] = [
  ['GET dek-registry/v1/keks', (state) => [...state.keks.keys()]],
  ['POST dek-registry/v1/keks', (state, { body }) => createKek(state.keks, body as KeyEncryptionKey)],
  ['GET dek-registry/v1/keks/*', (state, _, [name]) => found(state.keks.get(name!), `key ${name}`)],
  [
    'POST dek-registry/v1/keks/*/deks',
    (state, { body }, [kek]) => createDek(state.deks, kek!, body as Partial<DataEncryptionKey>),
  ],
  [
    'POST dek-registry/v1/keks/*/deks/*',
    (state, { body }, [kek]) => createDek(state.deks, kek!, body as Partial<DataEncryptionKey>),
  ],
  [
    'GET dek-registry/v1/keks/*/deks/*/versions/*',
    (state, { query }, [kek, subject, version]) => {
      const algorithm = query.get('algorithm') ?? 'AES256_GCM'
      const of = state.deks.filter(
        (dek) => dek.kekName === kek && dek.subject === subject && dek.algorithm === algorithm,
      )
      const dek = version === '-1' ? of.at(-1) : of.find((one) => one.version === Number(version))
      return found(dek, `data key of ${subject}`)
    },
  ],
]

function createKek(
  keks: Map<string, KeyEncryptionKey>,
  { name, kmsType, kmsKeyId, ...rest }: KeyEncryptionKey,
): object {
  if (keks.has(name)) throw new Refusal(40971, `Key already exists: ${name}`)
  const kek = { shared: false, ...rest, name, kmsType, kmsKeyId }
  keks.set(name, kek)
  return kek
}

function createDek(deks: DataEncryptionKey[], kekName: string, given: Partial<DataEncryptionKey>): object {
  const { subject = '', algorithm = 'AES256_GCM', version = 1, encryptedKeyMaterial } = given
  const isThere = deks.some(
    (dek) =>
      dek.kekName === kekName && dek.subject === subject && dek.algorithm === algorithm && dek.version === version,
  )
  if (isThere) throw new Refusal(40972, `Data key already exists: ${subject}`)
  const dek: DataEncryptionKey = { kekName, subject, version, algorithm, encryptedKeyMaterial, ts: Date.now() }
  deks.push(dek)
  return dek
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Refusal(40470, `There is no ${what}`)
  return value
}
