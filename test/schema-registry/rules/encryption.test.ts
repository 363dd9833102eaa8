import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import { avro } from '../../../src/schema-registry/avro/avro.ts'
import type { DekAlgorithm } from '../../../src/schema-registry/client/dek-registry.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { SerializationError } from '../../../src/schema-registry/errors.ts'
import type { RegistrySerde } from '../../../src/schema-registry/registry-serde.ts'
import { AesSiv } from '../../../src/schema-registry/rules/encryption/aes-siv.ts'
import { encryptionRules } from '../../../src/schema-registry/rules/encryption/encryption-rules.ts'
import { type KeyManagementService, localKms } from '../../../src/schema-registry/rules/encryption/kms.ts'
import type { Rule } from '../../../src/schema-registry/schema.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'

const PII = { 'confluent:tags': ['PII'] }
const schema = JSON.stringify({
  type: 'record',
  name: 'P',
  fields: [
    { name: 'name', type: 'string', ...PII },
    { name: 'photo', type: ['null', 'bytes'], ...PII },
    { name: 'city', type: 'string' },
    { name: 'age', type: 'int' },
  ],
})
const person = { name: 'Zoë', photo: Uint8Array.of(1, 2, 3), city: 'Bern', age: 36 }
const params = {
  'encrypt.kek.name': 'kek-1',
  'encrypt.kms.type': 'local-kms',
  'encrypt.kms.key.id': 'my-key',
}
const rule: Rule = { name: 'hide', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'ENCRYPT', tags: ['PII'], params }

/** The version of the key, which stands before what is encrypted. */
function versionOf({ name }: typeof person): number {
  return Buffer.from(name, 'base64').readInt32BE(1)
}

describe('encryption', () => {
  let registry: TestRegistry
  let client: SchemaRegistryClient

  beforeEach(async () => {
    registry = await TestRegistry.start()
    client = new SchemaRegistryClient({ url: registry.url, maxRetries: 0, latestCacheTtlMs: 0 })
  })

  afterEach(async () => {
    await client.close()
    await registry.close()
  })

  const context = { topic: 't', field: 'value', headers: [] } as const

  function serdeWith(...kms: KeyManagementService[]): RegistrySerde<unknown> {
    const executors = encryptionRules({ kms: kms.length === 0 ? [localKms({ secret: 'hush' })] : kms })
    return avro({ registry: client, use: 'latest', rules: { executors } })
  }

  async function write(serde: RegistrySerde<unknown>, rules: Rule[] = [rule]): Promise<Uint8Array> {
    await client.register('t-value', { schema, ruleSet: { domainRules: rules } })
    return (await serde.serialize(person, context)) as Uint8Array
  }

  /** What is in the bytes for those who know nothing of rules. */
  function stored(bytes: Uint8Array): Promise<typeof person> {
    const overrides = { ENCRYPT: { disabled: true } }
    return Promise.resolve(avro<typeof person>({ registry: client, rules: { overrides } }).deserialize(bytes, context))
  }

  test('hides the tagged fields, each time anew, and shows them to those who have the key', async () => {
    const serde = serdeWith()
    const bytes = await write(serde)
    const hidden = await stored(bytes)
    expect(hidden).toMatchObject({ city: 'Bern', age: 36 })
    // Nonce, ciphertext and tag, in base64 where it is text.
    expect(Buffer.from(hidden.name, 'base64')).toHaveLength(12 + 4 + 16)
    expect(hidden.photo).toHaveLength(12 + 3 + 16)
    expect((await stored(await write(serde))).name).not.toBe(hidden.name)
    expect(await serde.deserialize(bytes, context)).toEqual(person)
    // Another program, which has to look for the keys.
    expect(await serdeWith().deserialize(bytes, context)).toEqual(person)
  })

  test('makes one data key, however many ask at once', async () => {
    await client.register('t-value', { schema, ruleSet: { domainRules: [rule] } })
    const serde = serdeWith()
    const all = await Promise.all(Array.from({ length: 20 }, () => write(serde)))
    expect(all).toHaveLength(20)
    const posts = registry.requests.filter(({ method, path }) => method === 'POST' && path[0] === 'dek-registry')
    expect(posts.map(({ path }) => path.at(-1))).toEqual(['keks', 'deks'])
  })

  test('takes the key of another that was faster', async () => {
    const release = registry.control(({ method, path }) => {
      // Until it is to be made, nobody has made it.
      if (method === 'POST' && path[0] === 'dek-registry') release()
      return method === 'GET' && path[0] === 'dek-registry' ? { status: 404, body: { error_code: 40470 } } : undefined
    })
    const other = serdeWith()
    await client.register('t-value', { schema, ruleSet: { domainRules: [rule] } })
    await client.deks.createKek({ name: 'kek-1', kmsType: 'local-kms', kmsKeyId: 'my-key' })
    const bytes = (await other.serialize(person, context)) as Uint8Array
    expect(await serdeWith().deserialize(bytes, context)).toEqual(person)
  })

  test('new keys are made when the days of the old ones are over, and the old ones are still read', async () => {
    const daily: Rule = { ...rule, params: { ...params, 'encrypt.dek.expiry.days': '1' } }
    const first = await write(serdeWith(), [daily])
    expect(versionOf(await stored(first))).toBe(1)
    registry.control(async ({ method, path }) => {
      if (method !== 'GET' || path.at(-1) !== '-1') return undefined
      const dek = await client.deks.getDek('kek-1', 't-value')
      return { body: { ...dek, ts: Date.now() - 86_400_000 } }
    })
    const second = await write(serdeWith(), [daily])
    expect(versionOf(await stored(second))).toBe(2)
    for (const bytes of [first, second]) expect(await serdeWith().deserialize(bytes, context)).toEqual(person)
  })

  test.each<[algorithm: DekAlgorithm, keyBytes: number]>([
    ['AES128_GCM', 16],
    ['AES256_GCM', 32],
    ['AES256_SIV', 64],
  ])('%s keys are of %i bytes', async (algorithm, keyBytes) => {
    const bytes = await write(serdeWith(), [{ ...rule, params: { ...params, 'encrypt.dek.algorithm': algorithm } }])
    expect(await serdeWith().deserialize(bytes, context)).toEqual(person)
    const { encryptedKeyMaterial } = await client.deks.getDek('kek-1', 't-value', {
      algorithm,
    })
    expect(Buffer.from(encryptedKeyMaterial!, 'base64')).toHaveLength(12 + 2 + keyBytes + 16)
  })

  test('AES256_SIV gives the same for the same', async () => {
    const same = [{ ...rule, params: { ...params, 'encrypt.dek.algorithm': 'AES256_SIV' } }]
    const [first, second] = [await write(serdeWith(), same), await write(serdeWith(), same)]
    expect(first).toEqual(second)
    expect(Buffer.from((await stored(first)).name, 'base64')).toHaveLength(16 + 4)
    expect(await serdeWith().deserialize(first, context)).toEqual(person)
    expect((await stored(first)).photo).toHaveLength(16 + 3)
  })

  test.each([0, 1, 15, 16, 17, 31, 32, 33, 1000])(
    'AES-SIV takes %i bytes, and refuses them when they were changed',
    async (length) => {
      const cipher = new AesSiv(Uint8Array.from({ length: 64 }, (_, i) => i))
      const plain = Uint8Array.from({ length }, (_, i) => i * 7)
      const encrypted = await cipher.encrypt(plain)
      expect(encrypted).toHaveLength(16 + length)
      expect(await cipher.decrypt(encrypted)).toEqual(plain)
      for (const at of [0, encrypted.length - 1]) {
        const changed = encrypted.slice()
        changed[at]! ^= 1
        await expect(cipher.decrypt(changed)).rejects.toThrow(RangeError)
      }
      await expect(cipher.decrypt(encrypted.slice(0, 15))).rejects.toThrow(RangeError)
    },
  )

  test('ENCRYPT_PAYLOAD hides whole bodies', async () => {
    const encodingRules: Rule[] = [{ ...rule, type: 'ENCRYPT_PAYLOAD', tags: undefined }]
    await client.register('t-value', { schema, ruleSet: { encodingRules } })
    const bytes = (await serdeWith().serialize(person, context)) as Uint8Array
    expect(Buffer.from(bytes).includes('Bern')).toBe(false)
    expect(await serdeWith().deserialize(bytes, context)).toEqual(person)
  })

  test('a key of your own service is asked for once', async () => {
    const calls: string[] = []
    const kms: KeyManagementService = {
      type: 'mine',
      encrypt: async ({ id }, plain) => {
        calls.push(`encrypt ${id}`)
        return plain.map((byte) => byte ^ 1)
      },
      decrypt: async ({ id }, encrypted) => {
        calls.push(`decrypt ${id}`)
        return encrypted.map((byte) => byte ^ 1)
      },
    }
    const serde = serdeWith(kms)
    const mine: Rule = { ...rule, params: { ...params, 'encrypt.kms.type': 'mine' } }
    const bytes = await write(serde, [mine])
    await write(serde, [mine])
    expect(await serde.deserialize(bytes, context)).toEqual(person)
    expect(calls).toEqual(['encrypt my-key', 'decrypt my-key'])
  })

  test.each<[what: string, changed: Partial<Rule>, message: RegExp]>([
    ['no key is named', { params: {} }, /must name a key in encrypt.kek.name/],
    [
      'nobody knows the service',
      { params: { ...params, 'encrypt.kms.type': 'aws-kms' } },
      /service of type aws-kms: pass one/,
    ],
    ['no service is named for a new key', { params: { 'encrypt.kek.name': 'k' } }, /no key k yet/],
    ['the algorithm is another', { params: { ...params, 'encrypt.dek.algorithm': 'ROT13' } }, /asks for ROT13/],
    ['a number is to be hidden', { tags: [] }, /only text and bytes can be encrypted/],
    ['the days are no number', { params: { ...params, 'encrypt.dek.expiry.days': 'x' } }, /must be a whole number/],
  ])('nothing is written in the clear where %s', async (_, changed, message) => {
    const failure: unknown = await write(serdeWith(), [{ ...rule, ...changed }]).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SerializationError)
    expect((failure as Error).message).toMatch(message)
  })

  test('the wrong secret, changed bytes and a missing key are errors that show no secret', async () => {
    const bytes = await write(serdeWith())
    const wrong = serdeWith(localKms({ secret: 'wrong' }))
    const failure: unknown = await Promise.resolve(wrong.deserialize(bytes, context)).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SerializationError)
    expect((failure as Error).message).not.toContain('wrong')
    const changed = bytes.slice()
    changed[changed.length - 10]! ^= 1
    await expect(serdeWith().deserialize(changed, context)).rejects.toThrow(SerializationError)
    registry.control(({ path }) => (path[0] === 'dek-registry' ? { status: 404, body: {} } : undefined))
    await expect(serdeWith().deserialize(bytes, context)).rejects.toThrow(/no key kek-1/)
  })

  test('a secret must be text', () => expect(() => localKms({ secret: '' })).toThrow(ConfigError))
})
