// What the network suite connects to: a TestBroker, and in front of it servers that speak TLS or make faults. They run on the
// runtime of the runner, so that what differs between runtimes is the client alone.
import { spawnSync } from 'node:child_process'
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { saslAuthenticateApi, saslHandshakeApi } from '../../dist/protocol/index.js'
import { TestBroker } from '../../dist/testing/index.js'

const PASSWORD = 'alice-secret'
const HASHES = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' }

/** Starts everything. `settings` is for the suite: ports by name, and PEM texts. */
export async function startServers() {
  const folder = mkdtempSync(join(tmpdir(), 'kafkawire-runtimes-'))
  const script = fileURLToPath(new URL('../support/kafka/make-certs.sh', import.meta.url))
  const made = spawnSync('bash', [script, folder], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  const pem = (name) => readFileSync(join(folder, name), 'utf8')
  const broker = await TestBroker.start({ topics: { t: 1 } })
  acceptLogins(broker)
  const { port } = broker.nodes[0]
  const servers = []
  const listen = async (server) => {
    servers.push(server)
    server.on('connection', (socket) => socket.on('error', () => socket.destroy()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  }
  const forward = (client) => {
    const upstream = connect(port, '127.0.0.1')
    client.pipe(upstream).pipe(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    return upstream
  }
  const tls = (name, options = {}) =>
    listen(createTlsServer({ cert: pem(`${name}.crt`), key: pem(`${name}.key`), ...options }, forward))
  const ports = {
    plain: port,
    server: await tls('server'),
    badname: await tls('badname'),
    expired: await tls('expired'),
    mtls: await tls('server', { ca: pem('ca.crt'), requestCert: true, rejectUnauthorized: true }),
    silent: await listen(createServer(() => {})),
    reset: await listen(createServer((socket) => socket.once('data', () => socket.resetAndDestroy()))),
    pieces: await listen(createServer((socket) => inPieces(socket, port))),
  }
  const closed = createServer()
  ports.closed = await listen(closed)
  closed.close()
  const names = ['ca.crt', 'otherca.crt', 'client.crt', 'client.key', 'client.enc.p8']
  return {
    settings: { ports, pem: Object.fromEntries(names.map((name) => [name, pem(name)])), password: PASSWORD },
    close: async () => {
      for (const server of servers) server.close()
      await broker.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Carries everything on to the broker and back, one byte at a time. */
function inPieces(client, port) {
  const upstream = connect(port, '127.0.0.1')
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ]) {
    to.setNoDelay(true)
    from.on('data', (chunk) => {
      for (const byte of chunk) to.write(Uint8Array.of(byte))
    })
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

/** Teaches the broker PLAIN and SCRAM. Clients are told apart by their ids, of which each is used for one login. */
function acceptLogins(broker) {
  const logins = new Map()
  broker.control(saslHandshakeApi, ({ clientId, request }) => {
    logins.set(clientId, { mechanism: request.mechanism, messages: [] })
    return { mechanisms: ['PLAIN', ...Object.keys(HASHES)] }
  })
  broker.control(saslAuthenticateApi, ({ clientId, request }) => {
    const { mechanism, messages } = logins.get(clientId)
    const token = new TextDecoder().decode(request.authBytes)
    const answer = mechanism === 'PLAIN' ? answerPlain(token) : answerScram(HASHES[mechanism], token, messages)
    if (answer === undefined) return { errorCode: 58, errorMessage: 'Authentication failed' }
    return { authBytes: new TextEncoder().encode(answer) }
  })
}

function answerPlain(token) {
  return token === `\0alice\0${PASSWORD}` ? '' : undefined
}

function answerScram(hash, token, messages) {
  if (messages.length === 0) {
    const bare = token.replace('n,,', '')
    const nonce = /r=([^,]*)/.exec(bare)[1] + randomBytes(12).toString('hex')
    messages.push(bare, `r=${nonce},s=${randomBytes(16).toString('base64')},i=4096`)
    return messages[1]
  }
  const [bare, first] = messages
  const [, salt] = /s=([^,]*)/.exec(first)
  const [, withoutProof, proof] = /^(.*),p=(.*)$/.exec(token)
  const hmac = (key, text) => createHmac(hash, key).update(text).digest()
  const length = hash === 'sha256' ? 32 : 64
  const salted = pbkdf2Sync(PASSWORD, Buffer.from(salt, 'base64'), 4096, length, hash)
  const authMessage = `${bare},${first},${withoutProof}`
  const clientKey = hmac(salted, 'Client Key')
  const signature = hmac(createHash(hash).update(clientKey).digest(), authMessage)
  const expected = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i])).toString('base64')
  if (proof !== expected) return undefined
  return `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`
}
