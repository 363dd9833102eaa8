import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import { checkTls, tlsSource } from '../../src/network/tls.ts'
import type { TlsOptions } from '../../src/network/transport.ts'
import { makeCertificates } from './certificates.ts'
import { connect } from './connecting.ts'
import { FakeBroker } from './fake-broker.ts'
import { rejection } from './rejection.ts'

let folder = ''
beforeAll(async () => {
  folder = await makeCertificates()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let brokers: FakeBroker[] = []
afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.close()))
  brokers = []
})

const file = (name: string): string => join(folder, name)

/** A broker that asks for client certificates and accepts all of them. */
async function start(): Promise<FakeBroker> {
  const [cert, key] = await Promise.all(['server.crt', 'server.key'].map((name) => readFile(file(name))))
  const broker = await FakeBroker.start({}, 0, { cert, key, requestCert: true, rejectUnauthorized: false })
  brokers.push(broker)
  return broker
}

/** Whom the client's newest connection claims to be. */
async function subjectSeen(broker: FakeBroker, connectTo: () => Promise<{ close(): Promise<void> }>): Promise<string> {
  const connection = await connectTo()
  const { subject } = (broker.sockets.at(-1) as TLSSocket).getPeerCertificate()
  await connection.close()
  return String(subject.CN)
}

describe('the TLS options of a connection', () => {
  test('come from files that are read anew for each connection, so that certificates can be renewed', async () => {
    const broker = await start()
    const own = join(folder, 'own')
    await mkdir(own)
    const install = async (name: string): Promise<void> => {
      for (const end of ['crt', 'key']) await copyFile(file(`${name}.${end}`), join(own, `client.${end}`))
    }
    await install('client')
    const tls = tlsSource({
      caFile: file('ca.crt'),
      certFile: join(own, 'client.crt'),
      keyFile: join(own, 'client.key'),
    })
    const again = (): Promise<string> =>
      subjectSeen(broker, () => connect({ host: 'localhost', port: broker.port }, { tls }))
    expect(await again()).toBe('mtls-alice')
    await install('rogue')
    expect(await again()).toBe('rogue')
    await rm(own, { recursive: true })
    expect(await again()).toBe('rogue')
  })

  test('come from functions that are called for each connection', async () => {
    const broker = await start()
    let name = 'client'
    const tls = tlsSource({
      ca: () => readFile(file('ca.crt')),
      cert: () => readFile(file(`${name}.crt`), 'utf8'),
      key: () => readFile(file(name === 'client' ? 'client.enc.p8' : `${name}.key`), 'utf8'),
      passphrase: () => 'secret',
    })
    const again = (): Promise<string> =>
      subjectSeen(broker, () => connect({ host: 'localhost', port: broker.port }, { tls }))
    expect(await again()).toBe('mtls-alice')
    name = 'rogue'
    expect(await again()).toBe('rogue')
  })

  test('that name a file which is not there are an error that names it', async () => {
    const error = await rejection(tlsSource({ caFile: '/no/such/ca.pem' })())
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as Error).message).toBe('tls.caFile names /no/such/ca.pem, which cannot be read: ENOENT')
  })

  test('whose function fails, or returns something else, are an error that does not show it', async () => {
    const cause = new Error('the vault is closed')
    const failing = tlsSource({ key: () => Promise.reject(cause), cert: 'c' })
    expect(await rejection(failing())).toMatchObject({ option: 'key', retriable: true, cause })
    const wrong = tlsSource({ ca: (() => 42) as unknown as () => string })
    expect(await rejection(wrong())).toMatchObject({
      option: 'ca',
      message: 'the function that is tls.ca returned no PEM',
    })
  })

  test.each([
    [{ ca: 'a', caFile: 'b' }, 'caFile', 'tls has both ca and caFile: leave one of them out'],
    [{ cert: 'a' }, 'key', "a client's certificate and its key go together: tls.key is missing"],
    [{ keyFile: 'a' }, 'cert', "a client's certificate and its key go together: tls.cert is missing"],
    [{ passphrase: 1 as unknown as string }, 'passphrase', /^passphrase must be text/],
    [{ key: [1] as unknown as string }, 'key', /^key must be PEM/],
    [{ cafile: 'a' } as TlsOptions, 'cafile', 'tls has no option cafile: did you mean caFile?'],
  ])('that make no sense are refused: %o', (options, option, message) => {
    let error: unknown
    try {
      checkTls(options)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ option })
    expect((error as Error).message).toMatch(message)
    expect(() => new Kafka({ bootstrapServers: 'localhost:9093', tls: options })).toThrow(ConfigError)
  })
})
