import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'

type Call = (client: SchemaRegistryClient) => Promise<unknown>

const schema = { schema: '"string"' }
const sent = { ...schema, schemaType: 'AVRO', references: [] }
const request = { resourceId: 'r', associations: [{ subject: 's', associationType: 'value' }] }

/** Those that the requests of Confluent's client (rest-requests.test.ts) do not show. */
const calls: [call: Call, line: string, body?: unknown][] = [
  [
    (client) => client.subjects({ deletedOnly: true, offset: 1, limit: 2 }),
    'GET /subjects?deletedOnly=true&offset=1&limit=2',
  ],
  [(client) => client.versions('s', { deleted: true }), 'GET /subjects/s/versions?deleted=true'],
  [(client) => client.versionText('s', 'latest'), 'GET /subjects/s/versions/latest/schema'],
  [(client) => client.fetchVersion('s', 1, { format: 'resolved' }), 'GET /subjects/s/versions/1?format=resolved'],
  [(client) => client.changeTags('s', 2, { tagsToAdd: [{}] }), 'POST /subjects/s/versions/2/tags', { tagsToAdd: [{}] }],
  [(client) => client.postLookup('s', schema, { normalize: true }), 'POST /subjects/s?normalize=true', sent],
  [
    (client) => client.postVersion('s', { ...schema, id: 5, version: 2 }),
    'POST /subjects/s/versions',
    { ...sent, id: 5, version: 2 },
  ],
  [(client) => client.deleteSubject('s', { permanent: true }), 'DELETE /subjects/s?permanent=true'],
  [(client) => client.deleteVersion('s', 'latest'), 'DELETE /subjects/s/versions/latest'],
  [
    (client) => client.schemas({ latestOnly: true, ruleType: 'CEL', aliases: true }),
    'GET /schemas?aliases=true&latestOnly=true&ruleType=CEL',
  ],
  [(client) => client.textById(7), 'GET /schemas/ids/7/schema'],
  [(client) => client.fetchById(7, { fetchMaxId: true }), 'GET /schemas/ids/7?fetchMaxId=true'],
  [(client) => client.idsByGuid('g'), 'GET /schemas/guids/g/ids'],
  [
    (client) => client.testCompatibility('s', schema, { version: 3, verbose: true, normalize: true }),
    'POST /compatibility/subjects/s/versions/3?normalize=true&verbose=true',
    sent,
  ],
  [(client) => client.config('s', { defaultToGlobal: true }), 'GET /config/s?defaultToGlobal=true'],
  [(client) => client.setConfig('s', { alias: 'a' }), 'PUT /config/s', { alias: 'a' }],
  [(client) => client.setConfig(undefined, { compatibility: 'FULL' }), 'PUT /config', { compatibility: 'FULL' }],
  [(client) => client.deleteConfig('s'), 'DELETE /config/s'],
  [(client) => client.deleteConfig(), 'DELETE /config'],
  [(client) => client.mode(), 'GET /mode'],
  [(client) => client.setMode(undefined, 'READONLY'), 'PUT /mode', { mode: 'READONLY' }],
  [(client) => client.deleteMode('s', { recursive: true }), 'DELETE /mode/s?recursive=true'],
  [(client) => client.contexts({ contextPrefix: '.a' }), 'GET /contexts?contextPrefix=.a'],
  [(client) => client.deleteContext('.a'), 'DELETE /contexts/.a'],
  [(client) => client.serverId(), 'GET /v1/metadata/id'],
  [(client) => client.serverVersion(), 'GET /v1/metadata/version'],
  [(client) => client.serverDeployment(), 'GET /v1/metadata/deployment'],
  [
    (client) => client.associationsOfSubject('s', { lifecycle: 'WEAK', associationType: ['key', 'value'] }),
    'GET /associations/subjects/s?associationType=key&associationType=value&lifecycle=WEAK',
  ],
  [(client) => client.associationsOfResource('-', 't', { limit: 1 }), 'GET /associations/resources/-/t?limit=1'],
  [(client) => client.associationsOfResourceId('r'), 'GET /associations/resources/r'],
  [(client) => client.createAssociations(request, { dryRun: true }), 'POST /associations?dryRun=true', request],
  [(client) => client.changeAssociations('r', request), 'PUT /associations/resources/r', request],
  [
    (client) => client.deleteAssociations('r', { cascadeLifecycle: true, resourceType: 'topic' }),
    'DELETE /associations/resources/r?resourceType=topic&cascadeLifecycle=true',
  ],
  [
    (client) => client.batchGetAssociations([{}], { includeSchemas: true }),
    'POST /associations:batchGet?includeSchemas=true',
    { requests: [{}] },
  ],
  [(client) => client.batchMutateAssociations([{}]), 'POST /associations:batchMutate', { requests: [{}] }],
  [(client) => client.deks.getKek('k', { deleted: true }), 'GET /dek-registry/v1/keks/k?deleted=true'],
  [
    (client) => client.deks.createKek({ name: 'k', kmsType: 'local-kms', kmsKeyId: 'i' }),
    'POST /dek-registry/v1/keks',
    { name: 'k', kmsType: 'local-kms', kmsKeyId: 'i' },
  ],
  [
    (client) => client.deks.getDek('k', 's', { algorithm: 'AES128_GCM', version: 'latest' }),
    'GET /dek-registry/v1/keks/k/deks/s/versions/-1?algorithm=AES128_GCM',
  ],
  [
    (client) => client.deks.createDek('k', { subject: 's', algorithm: 'AES256_GCM' }),
    'POST /dek-registry/v1/keks/k/deks',
    { subject: 's', algorithm: 'AES256_GCM' },
  ],
]

describe('every other endpoint', () => {
  let registry: TestRegistry
  let client: SchemaRegistryClient

  beforeEach(async () => {
    registry = await TestRegistry.start()
    client = new SchemaRegistryClient({ url: registry.url, maxRetries: 0 })
  })

  afterEach(async () => {
    await client.close()
    await registry.close()
  })

  test.each(calls.map(([call, line, body]) => [line, call, body] as const))('%s', async (line, call, body) => {
    registry.control(({ method, path }) => {
      const isDeletion = method === 'DELETE' && path[0] === 'subjects'
      if (isDeletion) return { body: path.length === 2 ? [1] : 1 }
      const lists = ['subjects', 'versions', 'schemas', 'contexts', 'ids']
      const isList = method === 'GET' && (lists.includes(path.at(-1)!) || path[0] === 'associations')
      return {
        body: isList ? [] : { ...schema, id: 1, mode: 'READWRITE', is_compatible: true, name: 'k', subject: 's' },
      }
    })
    await call(client)
    const { method, target, body: got } = registry.requests[0]!
    expect(`${method} ${target}`).toBe(line)
    expect(got).toEqual(body)
  })

  test('a context goes before subjects, and into what asks for all', async () => {
    const inContext = new SchemaRegistryClient({ url: registry.url, context: '.staging' })
    registry.control(() => ({ body: {} }))
    for (const call of [
      () => inContext.config(),
      () => inContext.mode('s'),
      () => inContext.associationsOfSubject(':.other:s'),
      () => inContext.createAssociations(request),
    ]) {
      await call().catch(() => {})
    }
    expect(registry.requests.map(({ target }) => target)).toEqual([
      '/config/:.staging:',
      '/mode/:.staging:s',
      '/associations/subjects/:.other:s',
      '/associations?context=.staging',
    ])
    await inContext.close()
  })
})
