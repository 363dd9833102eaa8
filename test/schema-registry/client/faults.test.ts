import { EventEmitter, once } from 'node:events'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClosedError, TimeoutError } from '../../../src/errors.ts'
import type { SchemaRegistryOptions } from '../../../src/schema-registry/client/options.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { SchemaRegistryError } from '../../../src/schema-registry/errors.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'

const schema = { schema: '"string"' }

async function failureOf(call: Promise<unknown>): Promise<SchemaRegistryError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SchemaRegistryError)
  return error as SchemaRegistryError
}

describe('a registry that does not answer as it should', () => {
  let registry: TestRegistry
  const clients: SchemaRegistryClient[] = []

  beforeEach(async () => {
    registry = await TestRegistry.start()
  })

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await registry.close()
  })

  function connect(options: Partial<SchemaRegistryOptions> = {}): SchemaRegistryClient {
    const client = new SchemaRegistryClient({ url: registry.url, retryBackoffMs: 1, ...options })
    clients.push(client)
    return client
  }

  test.each([
    [400, 1],
    [401, 1],
    [403, 1],
    [404, 1],
    [409, 1],
    [422, 1],
    [408, 4],
    [429, 4],
    [500, 4],
    [502, 4],
    [503, 4],
    [504, 4],
  ])('status %i: %i requests, then an error with status and code', async (status, count) => {
    registry.control(() => ({ status, body: { error_code: status * 100 + 1, message: 'stub' } }))
    const error = await failureOf(connect().register('s', schema))
    expect(error).toMatchObject({ status, errorCode: status * 100 + 1, retriable: count > 1 })
    expect(error.message).toContain('stub')
    expect(registry.requests).toHaveLength(count)
  })

  test.each([
    ['HTML', { body: '<html>', headers: { 'content-type': 'text/html' } }, /text\/html, not JSON/],
    ['HTML with status 500', { status: 500, body: '<html>' }, /refused with 500/],
    ['a list instead of a schema', { body: [] }, /instead of an object/],
    ['nothing instead of a schema', { status: 204 }, /instead of an object/],
    ['a schema without text', { body: {} }, /instead of a schema/],
  ])('%s is a SchemaRegistryError that says so', async (_, answer, message) => {
    registry.control(() => answer)
    const error = await failureOf(connect().schemaById(1))
    expect(error.message).toMatch(message)
  })

  test('an answer that is too long is not read to its end', async () => {
    registry.control(() => ({ body: 'x'.repeat(10_000) }))
    const error = await failureOf(connect({ maxResponseBytes: 1000 }).schemaById(1))
    expect(error.message).toMatch(/more than 1000 bytes/)
  })

  test('null for an empty list is an empty list', async () => {
    registry.control(() => ({ body: 'null' }))
    expect(await connect().subjects()).toEqual([])
  })

  test('an error code of 0 is that of the status', async () => {
    registry.control(() => ({ status: 409, body: { error_code: 0, message: 'odd' } }))
    expect(await failureOf(connect().schemaById(1))).toMatchObject({ status: 409, errorCode: 409 })
  })

  test('a lost connection is tried again', async () => {
    let count = 0
    registry.control(() => (count++ < 2 ? 'reset' : undefined))
    expect(await connect().subjects()).toEqual([])
    expect(count).toBe(3)
  })

  test('nobody there is an error with status 0 that names the host', async () => {
    const { url } = registry
    await registry.close()
    const error = await failureOf(connect({ url, maxRetries: 1 }).subjects())
    expect(error).toMatchObject({ status: 0, retriable: true })
    expect(error.message).toContain(new URL(url).host)
    registry = await TestRegistry.start()
  })

  test('a registry that hangs is given up at the deadline of the call', async () => {
    registry.control(() => 'hang')
    await expect(connect().schemaById(1, { timeoutMs: 50 })).rejects.toThrow(TimeoutError)
    await expect(connect().subjects({ timeoutMs: 50 })).rejects.toThrow(TimeoutError)
  })

  test('one answer that hangs is asked for again', async () => {
    let count = 0
    registry.control(() => (count++ === 0 ? 'hang' : undefined))
    expect(await connect({ requestTimeoutMs: 100 }).subjects()).toEqual([])
    expect(count).toBe(2)
  })

  test("a signal ends the call with the signal's reason, and not what others wait for", async () => {
    const gate = new EventEmitter()
    registry.control(async () => {
      await once(gate, 'open')
      return { body: schema }
    })
    const client = connect()
    const controller = new AbortController()
    const mine = client.schemaById(1, { signal: controller.signal })
    const theirs = client.schemaById(1)
    controller.abort(new Error('enough'))
    await expect(mine).rejects.toThrow('enough')
    await expect.poll(() => gate.listenerCount('open')).toBe(1)
    gate.emit('open')
    expect((await theirs).schema).toBe(schema.schema)
    expect(registry.requests).toHaveLength(1)
  })

  test('closing ends what is under way with ClosedError, and what comes later', async () => {
    const asked = new Promise<void>((resolve) => {
      registry.control(() => {
        resolve()
        return 'hang'
      })
    })
    const client = connect()
    const call = client.subjects()
    call.catch(() => {})
    await asked
    await client.close()
    await expect(call).rejects.toThrow(ClosedError)
    await expect(client.subjects()).rejects.toThrow(ClosedError)
  })

  test('the next URL is tried after a lost connection, and stays the first to be tried', async () => {
    const other = await TestRegistry.start()
    registry.control(() => ({ status: 503 }))
    const client = connect({ url: [registry.url, other.url] })
    await client.subjects()
    await client.schemaTypes()
    expect(registry.requests).toHaveLength(1)
    expect(other.requests).toHaveLength(2)
    await other.close()
  })

  test('a refusal is final: no other URL is tried', async () => {
    const other = await TestRegistry.start()
    await failureOf(connect({ url: [registry.url, other.url] }).schemaById(99))
    expect(other.requests).toEqual([])
    await other.close()
  })

  test('errors show no credentials, not even those that the registry repeats', async () => {
    registry.control(({ headers }) => ({ status: 403, body: { message: `no ${headers['authorization']} hunter2` } }))
    const client = connect({ auth: { type: 'basic', username: 'u', password: 'hunter2' } })
    const shown = inspect([await failureOf(client.subjects()), client], { depth: 10 })
    expect(shown).not.toContain('hunter2')
    expect(shown).not.toContain(btoa('u:hunter2'))
    const inUrl = connect({ url: registry.url.replace('://', '://u:hunter2@') })
    expect(inspect(await failureOf(inUrl.subjects()), { depth: 10 })).not.toContain('hunter2')
  })

  test('a token that is refused is replaced once', async () => {
    let issued = 0
    registry.control(({ headers }) => (headers['authorization'] === 'Bearer t2' ? { body: [] } : { status: 401 }))
    const token = (): { value: string; lifetimeMs: number } => ({ value: `t${++issued}`, lifetimeMs: 3_600_000 })
    const identity = { logicalCluster: 'lsrc-1', identityPoolId: ['pool-1', 'pool-2'] }
    expect(await connect({ auth: { type: 'bearer', token, ...identity } }).subjects()).toEqual([])
    expect(registry.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t1', 'Bearer t2'])
    expect(registry.requests[0]!.headers).toMatchObject({
      'target-sr-cluster': 'lsrc-1',
      'confluent-identity-pool-id': 'pool-1,pool-2',
    })
  })

  test('many that ask for the same schema make one request, and a failure is not kept', async () => {
    const client = connect()
    const ask = (): Promise<unknown[]> => Promise.all(Array.from({ length: 50 }, () => client.schemaById(1)))
    await expect(ask()).rejects.toThrow(SchemaRegistryError)
    await client.register('s', schema)
    const schemas = await ask()
    expect(new Set(schemas).size).toBe(1)
    expect(registry.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET'])
  })

  test('what is not there is remembered for as long as was asked for', async () => {
    const client = connect({ missingCacheTtlMs: 60_000 })
    await failureOf(client.schemaById(1))
    await failureOf(client.schemaById(1))
    expect(registry.requests).toHaveLength(1)
  })

  test('undici serves where connections are to be bounded', async () => {
    expect(await connect({ maxConnections: 1 }).subjects()).toEqual([])
  })

  test('options that cannot be used are a ConfigError that shows no secret', () => {
    expect(() => connect({ url: 'ftp://u:hunter2@host' })).toThrow(/url must be an http or https URL/)
    expect(() => connect({ auth: { type: 'magic', secret: 'hunter2' } as never })).toThrow(/auth.type must be one of/)
    expect(() => connect({ maxConnections: 1, fetch })).toThrow(/fetch cannot be given along/)
  })
})
