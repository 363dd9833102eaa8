import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ClientOptions } from '../../src/client-options.ts'
import { AuthenticationError, ConnectionError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import type { SaslOptions } from '../../src/network/sasl/options.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { Cluster as Connections } from '../../src/network/cluster.ts'
import { nodeTransport } from '../../src/network/node.ts'
import { saslMechanism } from '../../src/network/sasl/options.ts'
import { sleep } from '../../src/network/wait.ts'
import { string } from '../../src/serdes.ts'
import { connect } from '../network/connecting.ts'
import { rejection } from '../network/rejection.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import type { Listener } from '../support/kafka/properties.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

/** How long sessions are renewed under load. With REAUTHENTICATION_SECONDS=300 they last 10 s each, else 2 s. */
const renewalMs = Number(process.env['REAUTHENTICATION_SECONDS'] ?? 6) * 1000
const sessionMs = renewalMs > 60_000 ? 10_000 : 2000

describeWithKafka('the secure listeners of a real broker', ['java'], () => {
  let cluster: Cluster
  const pem: Record<string, string> = {}
  beforeAll(async () => {
    const properties = {
      'listener.name.reauth.scram-sha-256.connections.max.reauth.ms': String(sessionMs),
      'super.users': 'User:ANONYMOUS;User:admin;User:alice',
    }
    cluster = await startCluster({ security: true, properties })
    for (const name of [
      'ca.crt',
      'otherca.crt',
      'client.crt',
      'client.key',
      'client.enc.p8',
      'rogue.crt',
      'rogue.key',
    ]) {
      pem[name] = await readFile(join(cluster.certificates!, name), 'utf8')
    }
  })
  afterAll(() => cluster.close())

  /** Asks a listener for something; resolves when it was answered. */
  async function reach(listener: Listener, options: Partial<ClientOptions>, timeoutMs = 20_000): Promise<void> {
    const admin = new Kafka({ bootstrapServers: cluster.endpoints(listener), ...options }).admin()
    try {
      await admin.listTopics({ timeoutMs })
    } finally {
      await admin.close()
    }
  }

  const alice = { username: 'alice', password: 'alice-secret' }

  describe('TLS', () => {
    test('with the right authority connects, and with another does not', async () => {
      await reach('SSL', { tls: { ca: pem['ca.crt'] } })
      await reach('SSL', { tls: { caFile: join(cluster.certificates!, 'ca.crt'), minVersion: 'TLSv1.3' } })
      for (const tls of [true, { ca: pem['otherca.crt'] }]) {
        const error = await rejection(reach('SSL', { tls }))
        expect(error).toBeInstanceOf(AuthenticationError)
        expect((error as Error).message).toContain('its certificate is not accepted')
      }
    })

    test('with a client certificate connects where one is asked for', async () => {
      const ca = pem['ca.crt']
      const cert = pem['client.crt']
      for (const key of [{ key: pem['client.key'] }, { key: pem['client.enc.p8'], passphrase: 'secret' }]) {
        await expect(reach('MTLS', { tls: { ca, cert, ...key } })).resolves.toBeUndefined()
      }
    })

    test('without a client certificate, or with one of an unknown authority, is told what is wrong', async () => {
      const ca = pem['ca.crt']
      for (const tls of [{ ca }, { ca, cert: pem['rogue.crt'], key: pem['rogue.key'] }]) {
        const error = await rejection(reach('MTLS', { tls }))
        expect(error).toBeInstanceOf(AuthenticationError)
        expect((error as Error).message).toContain("does not accept the client's certificate, or misses one")
      }
    })

    test('missing, or where there is none, is told as such', async () => {
      const plaintext = await rejection(reach('SSL', {}))
      expect(plaintext).toBeInstanceOf(ConnectionError)
      expect((plaintext as Error).message).toMatch(/speaks TLS|does it expect TLS/)
      const encrypted = new Kafka({ bootstrapServers: cluster.endpoints('PLAINTEXT'), tls: { ca: pem['ca.crt'] } })
      const admin = encrypted.admin()
      const error = await rejection(admin.listTopics({ timeoutMs: 2000 }))
      await admin.close()
      expect((error as Error).message).toContain('does the port expect plaintext?')
    })
  })

  describe.each(['SASL_PLAINTEXT', 'SASL_SSL'] as const)('a login over %s', (listener) => {
    const over = (): Partial<ClientOptions> => (listener === 'SASL_SSL' ? { tls: { ca: pem['ca.crt'] } } : {})

    test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
      'by %s succeeds with the right password and fails at once with a wrong one',
      async (mechanism) => {
        await reach(listener, { ...over(), sasl: { mechanism, ...alice } })
        const sasl: SaslOptions = { mechanism, ...alice, password: 'wrong-guess' }
        const error = await rejection(reach(listener, { ...over(), sasl }))
        expect(error).toBeInstanceOf(AuthenticationError)
        expect(error).toMatchObject({ mechanism, retriable: false })
        expect((error as Error).message).not.toContain('wrong-guess')
      },
    )

    test('that is missing is told as such', async () => {
      const error = await rejection(reach(listener, over(), 1000))
      expect((error as Error).message).toContain('does the listener expect a login by SASL?')
    })
  })

  test('tokens of an OIDC server log in; others do not', async () => {
    const tokenEndpointUrl = `${cluster.tokenIssuer!.url}/token`
    await reach('OIDC', {
      sasl: { mechanism: 'OAUTHBEARER', oidc: { tokenEndpointUrl, clientId: 'alice', clientSecret: 'any' } },
    })
    const expired = (): string => cluster.tokenIssuer!.token('alice', { lifetimeMs: -120_000 })
    const error = await rejection(reach('OIDC', { sasl: { mechanism: 'OAUTHBEARER', token: expired } }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect((error as Error).message).toContain('invalid_token')
  })

  test(
    'sessions that end are renewed under load, on the same connection, without a failed request',
    async () => {
      const [host, port] = cluster.endpoints('REAUTH').split(':')
      const lost: unknown[] = []
      let connections = 0
      let logins = 0
      const client = new Connections({
        bootstrapServers: [{ host: host!, port: Number(port) }],
        transport: nodeTransport,
        sasl: saslMechanism({ mechanism: 'SCRAM-SHA-256', ...alice }),
        // A refresh at its age would be another connection.
        metadataMaxAgeMs: 2 * renewalMs + 60_000,
        hooks: {
          connect: () => void connections++,
          disconnect: ({ error }) => error !== undefined && lost.push(error),
          request: ({ api }) => void (api === 'SaslHandshake' && logins++),
        },
      })
      await client.refresh({ timeoutMs: 20_000 })
      const broker = client.broker(1)!
      await broker.connection('produce')
      const before = connections
      const endsAt = performance.now() + renewalMs
      let answered = 0
      const work = async (): Promise<void> => {
        while (performance.now() < endsAt) {
          const { brokers } = await broker.request('produce', metadataApi, { topics: [] })
          answered += brokers.length
        }
      }
      await Promise.all(Array.from({ length: 8 }, work))
      await client.close()
      if (renewalMs > 60_000)
        process.stdout.write(`${answered} requests answered, ${logins} logins on ${before} connections\n`)
      expect(lost).toEqual([])
      expect(connections).toBe(before)
      expect(logins).toBeGreaterThanOrEqual(before + renewalMs / sessionMs)
      expect(answered).toBeGreaterThan(100)
    },
    renewalMs + 60_000,
  )

  test('a session that ended while nothing was asked is renewed by the next request, on the same connection', async () => {
    const [host, port] = cluster.endpoints('REAUTH').split(':')
    const lost: unknown[] = []
    const connection = await connect(
      { host: host!, port: Number(port) },
      {
        sasl: saslMechanism({ mechanism: 'SCRAM-SHA-256', ...alice }),
        onClose: (error) => void (error !== undefined && lost.push(error)),
      },
    )
    await sleep(sessionMs + 500)
    expect((await connection.request(metadataApi, { topics: [] })).brokers).toHaveLength(1)
    await connection.close()
    expect(lost).toEqual([])
  })

  test('a session that ends while the broker stands still costs connections, and no call', async () => {
    const kafka = new Kafka({
      bootstrapServers: cluster.endpoints('REAUTH'),
      sasl: { mechanism: 'SCRAM-SHA-256', ...alice },
    })
    const lost: unknown[] = []
    kafka.on('disconnect', ({ error }) => void (error !== undefined && lost.push(error)))
    const topic = uniqueName('sessions')
    const producer = kafka.producer({ lingerMs: 0, value: string })
    const admin = kafka.admin()
    const consumer = kafka.consumer({ groupId: topic, topics: [topic], value: string, autoOffsetReset: 'earliest' })
    const sent = new Set<string>()
    const over = new AbortController()
    const work = async (lane: number): Promise<void> => {
      for (let i = 0; !over.signal.aborted; i++) {
        const value = `${lane}-${i}`
        await producer.send({ topic, value })
        sent.add(value)
        if (lane === 0) await admin.listTopics()
      }
    }
    await producer.send({ topic, value: 'first' })
    sent.add('first')
    const working = Promise.all(Array.from({ length: 4 }, (_, lane) => work(lane)))
    const read: (string | null)[] = []
    const reading = (async () => {
      for await (const { value } of consumer) {
        read.push(value)
        await consumer.commit()
        if (over.signal.aborted && new Set(read).size >= sent.size) break
      }
    })()
    // What is written meanwhile is read only when its session is over; the broker hangs up then.
    cluster.node(1).pause()
    // What the others wait for may have been read already.
    const late = Promise.all([producer.send({ topic, value: 'late' }), admin.listTopics()])
    sent.add('late')
    await sleep(sessionMs + 500)
    cluster.node(1).resume()
    await late
    await vi.waitFor(() => expect(lost.length).toBeGreaterThan(0), 30_000)
    over.abort()
    await working
    await producer.send({ topic, value: 'last' })
    sent.add('last')
    await reading
    await Promise.all([producer.close(), admin.close(), consumer.close()])
    expect(new Set(read)).toEqual(sent)
  })
})
