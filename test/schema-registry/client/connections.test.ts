import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, KafkaError } from '../../../src/errors.ts'
import { type SchemaRegistryOptions } from '../../../src/schema-registry/client/options.ts'
import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import { SchemaRegistryError } from '../../../src/schema-registry/errors.ts'
import { TestRegistry } from '../../../src/testing/registry/test-registry.ts'
import { makeCertificates } from '../../network/certificates.ts'
import { TokenEndpoint } from '../../network/sasl/token-endpoint.ts'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

function connect(options: SchemaRegistryOptions): SchemaRegistryClient {
  const client = new SchemaRegistryClient({ maxRetries: 1, retryBackoffMs: 1, timeoutMs: 20_000, ...options })
  closers.push(() => client.close())
  return client
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function failureOf(call: Promise<unknown>): Promise<KafkaError> {
  const error: unknown = await call.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(KafkaError)
  return error as KafkaError
}

describe('TLS', () => {
  let folder: string
  const path = (name: string): string => join(folder, name)
  const client = () => ({ caFile: path('ca.crt'), certFile: path('client.crt'), keyFile: path('client.key') })

  beforeAll(async () => {
    folder = await makeCertificates()
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** A server that wants a certificate of its clients, and answers whose it was. */
  async function secureServer(certificate = 'server'): Promise<string> {
    const [ca, cert, key] = await Promise.all(
      ['ca.crt', `${certificate}.crt`, `${certificate}.key`].map((name) => readFile(path(name))),
    )
    const server = createHttpsServer({ ca, cert, key, requestCert: true }, (request, response) => {
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject
      response.end(JSON.stringify([CN]))
    })
    return `https://${await listen(server)}`
  }

  test("shows the client's certificate, from files or text, its key encrypted or not", async () => {
    const url = await secureServer()
    expect(await connect({ url, tls: client() }).subjects()).toEqual(['mtls-alice'])
    const [ca, cert, key] = await Promise.all(
      ['ca.crt', 'client.crt', 'client.enc.p8'].map((name) => readFile(path(name), 'utf8')),
    )
    const tls = { ca: ca!, cert: cert!, key: () => key!, passphrase: () => 'secret' }
    expect(await connect({ url, tls }).subjects()).toEqual(['mtls-alice'])
  })

  test.each<[what: string, server: string, tls: () => SchemaRegistryOptions['tls']]>([
    ['a client without a certificate', 'server', () => ({ caFile: path('ca.crt') })],
    [
      'a client with the certificate of a stranger',
      'server',
      () => ({ ...client(), certFile: path('rogue.crt'), keyFile: path('rogue.key') }),
    ],
    ['a server that nobody vouches for', 'server', () => ({ ...client(), caFile: path('otherca.crt') })],
    ['a server of another name', 'badname', client],
    ['a certificate that has ended', 'expired', client],
  ])('%s is an error that names the host, before the deadline', async (_, certificate, tls) => {
    const url = await secureServer(certificate)
    const error = await failureOf(connect({ url, tls: tls() }).subjects())
    expect(error).toBeInstanceOf(SchemaRegistryError)
    expect(error).toMatchObject({ status: 0 })
    expect(error.message).toContain(new URL(url).host)
  })

  test('checkHostName: false leaves the name alone, and only that', async () => {
    const url = await secureServer('badname')
    expect(await connect({ url, tls: { ...client(), checkHostName: false } }).subjects()).toEqual(['mtls-alice'])
    const stranger = connect({ url, tls: { ...client(), caFile: path('otherca.crt'), checkHostName: false } })
    expect(await failureOf(stranger.subjects())).toMatchObject({ status: 0 })
  })

  test('the next URL is tried where one does not trust us', async () => {
    const urls = [await secureServer('expired'), await secureServer()]
    expect(await connect({ url: urls, tls: client(), maxRetries: 0 }).subjects()).toEqual(['mtls-alice'])
  })

  test('a key that cannot be used is a ConfigError that does not show it', async () => {
    const url = await secureServer()
    const key = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n'
    const tls = { ...client(), keyFile: undefined, key }
    const error = await failureOf(connect({ url, tls }).subjects())
    expect(inspect(error, { depth: 10 })).not.toContain('hunter2')
  })

  test('reaches a registry through a proxy, and checks its certificate there', async () => {
    const url = await secureServer()
    const proxy = await startProxy()
    const options = { url, tls: client(), proxyUrl: proxy.url }
    expect(await connect(options).subjects()).toEqual(['mtls-alice'])
    expect(proxy.targets).toEqual([new URL(url).host])
    const stranger = connect({ ...options, tls: { ...client(), caFile: path('otherca.crt') } })
    expect(await failureOf(stranger.subjects())).toMatchObject({ status: 0 })
  })
})

/** A proxy for CONNECT that notes who asked it, and refuses who does not know the password. */
async function startProxy(authorization?: string): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const server = createHttpServer((_, response) => response.writeHead(501).end())
  server.on('connect', (request, socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (authorization !== undefined && request.headers['proxy-authorization'] !== authorization) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')
      return
    }
    targets.push(request.url!)
    const [host, port] = request.url!.split(':')
    const target = connectSocket(Number(port), host)
    sockets.add(target)
    target.on('error', () => socket.destroy())
    target.on('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.pipe(socket)
      socket.pipe(target)
    })
  })
  const address = await listen(server)
  closers.push(() => sockets.forEach((socket) => socket.destroy()))
  return { url: `http://${address}`, targets }
}

describe('a proxy', () => {
  test('is told its own credentials, and the registry does not see them', async () => {
    const registry = await TestRegistry.start()
    closers.push(() => registry.close())
    const proxy = await startProxy(`Basic ${btoa('p:w@rd')}`)
    const withName = proxy.url.replace('://', '://p:w%40rd@')
    expect(await connect({ url: registry.url, proxyUrl: withName }).subjects()).toEqual([])
    expect(proxy.targets).toEqual([new URL(registry.url).host])
    expect(registry.requests[0]!.headers['proxy-authorization']).toBeUndefined()
    const error = await failureOf(connect({ url: registry.url, proxyUrl: proxy.url }).subjects())
    expect(error).toMatchObject({ status: 0 })
  })

  test('that is not there is an error with status 0', async () => {
    const { port } = new URL((await startProxy()).url)
    for (const close of closers.splice(0).toReversed()) await close()
    const proxyUrl = `http://u:hunter2@127.0.0.1:${port}`
    const error = await failureOf(connect({ url: 'http://registry.invalid', proxyUrl }).subjects())
    expect(error).toMatchObject({ status: 0, retriable: true })
    expect(inspect(error, { depth: 10 })).not.toContain('hunter2')
  })
})

async function startOAuth(): Promise<{ registry: TestRegistry; endpoint: TokenEndpoint }> {
  const [registry, endpoint] = await Promise.all([TestRegistry.start(), TokenEndpoint.start()])
  closers.push(
    () => registry.close(),
    () => endpoint.close(),
  )
  return { registry, endpoint }
}

function oidcOf(endpoint: TokenEndpoint) {
  return {
    tokenEndpointUrl: endpoint.url,
    clientId: 'orders',
    clientSecret: 'hunter2',
    scope: 'registry',
    retryBackoffMs: 1,
  }
}

describe('OAuth', () => {
  test('a token is fetched once, and another when the registry refuses it', async () => {
    const { registry, endpoint } = await startOAuth()
    endpoint.answers = [1, 2].map((n) => ({ json: { access_token: `token-${n}`, expires_in: 3600 } }))
    const client = connect({
      url: registry.url,
      auth: { type: 'oauth', oidc: oidcOf(endpoint), logicalCluster: 'lsrc-1', identityPoolId: 'pool-1' },
    })
    await Promise.all([client.subjects(), client.subjects(), client.schemaTypes()])
    expect(endpoint.requests).toHaveLength(1)
    expect(endpoint.requests[0]!.form).toMatchObject({ grant_type: 'client_credentials', scope: 'registry' })
    expect(registry.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'target-sr-cluster': 'lsrc-1',
      'confluent-identity-pool-id': 'pool-1',
    })
    registry.control(({ headers }) => (headers['authorization'] === 'Bearer token-1' ? { status: 401 } : undefined))
    expect(await client.subjects()).toEqual([])
    expect(endpoint.requests).toHaveLength(2)
  })

  test('a token whose time is over is replaced before it is sent', async () => {
    const { registry, endpoint } = await startOAuth()
    endpoint.answers = [
      { json: { access_token: 'short', expires_in: 0.001 } },
      { json: { access_token: 'long', expires_in: 3600 } },
    ]
    const client = connect({ url: registry.url, auth: { type: 'oauth', oidc: oidcOf(endpoint) } })
    await client.subjects()
    await expect
      .poll(async () => {
        await client.subjects()
        return registry.requests.at(-1)!.headers['authorization']
      })
      .toBe('Bearer long')
  })

  test('a token server that refuses, or is gone, is an error that shows no secret, and nothing reaches the registry', async () => {
    const { registry, endpoint } = await startOAuth()
    endpoint.answers = [{ status: 401, json: { error: 'invalid_client', error_description: 'not hunter2' } }]
    const client = connect({ url: registry.url, auth: { type: 'oauth', oidc: oidcOf(endpoint) } })
    const refused = await failureOf(client.subjects())
    expect(inspect(refused, { depth: 10 })).not.toContain('hunter2')
    const lost = connect({
      url: registry.url,
      maxRetries: 0,
      auth: { type: 'oauth', oidc: { ...oidcOf(endpoint), tokenEndpointUrl: 'http://127.0.0.1:1/token' } },
    })
    expect(inspect(await failureOf(lost.subjects()), { depth: 10 })).not.toContain('hunter2')
    expect(registry.requests).toEqual([])
  })

  test('headers of your own are made for each request', async () => {
    const { registry } = await startOAuth()
    let count = 0
    const headers = ({ url }: { url: string }) => ({ authorization: `Own ${++count} ${new URL(url).pathname}` })
    const client = connect({ url: registry.url, auth: { type: 'custom', headers } })
    await client.subjects()
    await client.schemaTypes()
    expect(registry.requests.map((request) => request.headers['authorization'])).toEqual([
      'Own 1 /subjects',
      'Own 2 /schemas/types',
    ])
    expect(() => connect({ url: registry.url, auth: { type: 'custom' } as never })).toThrow(ConfigError)
  })
})
