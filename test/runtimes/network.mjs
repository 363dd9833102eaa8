// The network layer on one runtime: frames, faults, TLS and logins, against the servers that the runner has started (servers.mjs).
// NETWORK_SETTINGS says where they are. Prints a line for each case that does not do as it should and fails then.
import { connect as connectTcp } from 'node:net'
import process from 'node:process'
import { Kafka, string } from '../../dist/index.js'

const { ports, pem, password } = JSON.parse(process.env.NETWORK_SETTINGS)
const ca = pem['ca.crt']
const client = { ca, cert: pem['client.crt'], key: pem['client.key'] }

/** Lists topics through a port. Rejects with what the client rejects with. */
async function reach(port, options = {}, timeoutMs = 10_000) {
  const kafka = new Kafka({
    // The broker's own address stands for its name; where it is reached is up to the case.
    bootstrapServers: 'localhost:9092',
    mapAddress: () => ({ host: '127.0.0.1', port, servername: 'localhost' }),
    clientId: crypto.randomUUID(),
    connectionTimeoutMs: 2000,
    ...options,
  })
  const admin = kafka.admin()
  try {
    const topics = await admin.listTopics({ timeoutMs })
    if (topics.length !== 1) throw new Error(`${topics.length} topics`)
  } finally {
    await admin.close()
  }
}

/** Expects a rejection with this code; a broker that cannot be reached is tried again until the deadline. */
async function fails(promise, code) {
  const error = await promise.then(
    () => new Error('succeeded'),
    (reason) => reason,
  )
  if (error.code !== code) throw new Error(`not ${code} but ${error.code}: ${error.message}`)
}

const login = (mechanism, word = password) => ({ sasl: { mechanism, username: 'alice', password: word } })

const cases = {
  'frames in one piece': () => reach(ports.plain),
  'frames in pieces of one byte': () => reach(ports.pieces),
  'a record of 1 MB, there and back': async () => {
    const kafka = new Kafka({ bootstrapServers: `127.0.0.1:${ports.plain}` })
    const producer = kafka.producer({ maxRequestSizeBytes: 2_000_000 })
    const value = 'x'.repeat(1_000_000)
    await producer.send({ topic: 't', value })
    await producer.close()
    const consumer = kafka.consumer({
      topics: ['t'],
      groupId: crypto.randomUUID(),
      autoOffsetReset: 'earliest',
      value: string,
    })
    for await (const record of consumer) {
      if (record.value.length !== value.length) throw new Error(`${record.value.length} characters`)
      break
    }
    await consumer.close()
  },
  'a refused connection': () => fails(reach(ports.closed, {}, 300), 'KAFKA_CONNECTION'),
  'a black hole': () => fails(reach(ports.silent, { connectionTimeoutMs: 200 }, 500), 'KAFKA_CONNECTION'),
  'a name whose addresses are tried in another order after a failure': async () => {
    for (const [port, options] of [
      [ports.plain, {}],
      [ports.server, { tls: { ca } }],
    ]) {
      let attempts = 0
      const mapAddress = () => ({
        host: 'localhost',
        port: attempts++ < 2 ? ports.closed : port,
        servername: 'localhost',
      })
      await reach(port, { ...options, mapAddress })
      if (attempts < 3) throw new Error(`${attempts} attempts`)
    }
  },
  'canonical names of bootstrap servers': () =>
    reach(ports.plain, { clientDnsLookup: 'resolve_canonical_bootstrap_servers_only' }),
  'a reset': () => fails(reach(ports.reset, {}, 300), 'KAFKA_CONNECTION'),
  'a socket factory': () =>
    reach(ports.plain, {
      mapAddress: undefined,
      socketFactory: () => connectTcp(ports.plain, '127.0.0.1'),
      bootstrapServers: `127.0.0.1:${ports.plain}`,
    }),
  events: async () => {
    const names = []
    const kafka = new Kafka({ bootstrapServers: `127.0.0.1:${ports.plain}` })
    for (const name of ['connect', 'disconnect', 'request', 'response']) kafka.on(name, () => names.push(name))
    const admin = kafka.admin()
    await admin.listTopics()
    await admin.close()
    if (new Set(names).size !== 4) throw new Error(names.join())
  },
  TLS: () => reach(ports.server, { tls: { ca } }),
  'TLS 1.3': () => reach(ports.server, { tls: { ca, minVersion: 'TLSv1.3' } }),
  'TLS with two authorities in one text': () => reach(ports.server, { tls: { ca: pem['otherca.crt'] + ca } }),
  'TLS of an unknown authority': () =>
    fails(reach(ports.server, { tls: { ca: pem['otherca.crt'] } }), 'KAFKA_AUTHENTICATION'),
  'TLS of another host': () => fails(reach(ports.badname, { tls: { ca } }), 'KAFKA_AUTHENTICATION'),
  'TLS of another host, unchecked': () => reach(ports.badname, { tls: { ca, checkHostName: false } }),
  'TLS of the past': () => fails(reach(ports.expired, { tls: { ca } }), 'KAFKA_AUTHENTICATION'),
  'TLS that accepts anything': () => reach(ports.expired, { tls: { rejectUnauthorized: false } }),
  'TLS over a socket factory': () =>
    reach(ports.server, { tls: { ca }, socketFactory: () => connectTcp(ports.server, '127.0.0.1') }),
  'TLS with a client certificate': () => reach(ports.mtls, { tls: client }),
  'TLS with an encrypted key': () =>
    reach(ports.mtls, { tls: { ...client, key: pem['client.enc.p8'], passphrase: 'secret' } }),
  'TLS without the client certificate that is asked for': () =>
    fails(reach(ports.mtls, { tls: { ca } }), 'KAFKA_AUTHENTICATION'),
  'TLS to a plaintext port': () => fails(reach(ports.plain, { tls: { ca } }, 500), 'KAFKA_CONNECTION'),
  'plaintext to a TLS port': () => fails(reach(ports.server, {}, 500), 'KAFKA_CONNECTION'),
}
for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
  cases[mechanism] = () => reach(ports.plain, login(mechanism))
  cases[`${mechanism} over TLS`] = () => reach(ports.server, { tls: { ca }, ...login(mechanism) })
  cases[`${mechanism} with a wrong password`] = () =>
    fails(reach(ports.plain, login(mechanism, 'wrong')), 'KAFKA_AUTHENTICATION')
}

process.on('unhandledRejection', (error) => {
  console.log(`a rejection that nobody handled: ${error?.stack ?? error}`)
  process.exitCode = 1
})
for (const [name, run] of Object.entries(cases)) {
  try {
    await run()
  } catch (error) {
    console.log(`${name}: ${error.message}`)
    process.exitCode = 1
  }
}
