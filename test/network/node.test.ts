import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { AuthenticationError, ConfigError, ConnectionError } from '../../src/errors.ts'
import { nodeTransport } from '../../src/network/node.ts'
import type { ConnectOptions, TransportSocket } from '../../src/network/transport.ts'
import { makeCertificates } from './certificates.ts'
import { connect } from './connecting.ts'
import { rejection } from './rejection.ts'

let folder = ''
let ca = ''
beforeAll(async () => {
  folder = await makeCertificates()
  ca = await readFile(join(folder, 'ca.crt'), 'utf8')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let servers: Server[] = []
let accepted: Socket[] = []
afterEach(async () => {
  for (const socket of accepted) socket.destroy()
  for (const server of servers) server.close()
  servers = []
  accepted = []
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    accepted.push(socket)
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const plain = (onSocket: (socket: Socket) => void = () => {}): Promise<number> => listen(createServer(onSocket))

async function tls(name: string, options: object = {}, onSocket: (socket: Socket) => void = () => {}): Promise<number> {
  const [cert, key] = await Promise.all(['crt', 'key'].map((end) => readFile(join(folder, `${name}.${end}`))))
  const server = createTlsServer({ cert, key, ...options }, (socket) => {
    socket.on('error', () => socket.destroy())
    onSocket(socket)
  })
  return listen(server)
}

interface Opened {
  socket: TransportSocket
  received: () => string
  drained: Promise<void>
  closed: Promise<Error | undefined>
}

async function open(port: number, options: Partial<ConnectOptions> = {}): Promise<Opened> {
  let text = ''
  let onDrain!: () => void
  let onClose!: (error: Error | undefined) => void
  const drained = new Promise<void>((resolve) => (onDrain = resolve))
  const closed = new Promise<Error | undefined>((resolve) => (onClose = resolve))
  const handlers = {
    data: (bytes: Uint8Array, size: number): void => {
      text += Buffer.from(bytes.subarray(0, size)).toString('latin1')
    },
    drain: () => onDrain(),
    close: (error: Error | undefined) => onClose(error),
  }
  const socket = await nodeTransport.connect({ host: '127.0.0.1', port, timeoutMs: 10_000, handlers, ...options })
  return { socket, received: () => text, drained, closed }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('TCP', () => {
  test('bytes go both ways, and the end of the peer closes the connection', async () => {
    const port = await plain((socket) => socket.on('data', (chunk) => socket.end(`got ${chunk.toString()}`)))
    const { socket, received, closed } = await open(port)
    socket.write([bytes('a'), bytes('b')])
    expect(await closed).toBeUndefined()
    expect(received()).toBe('got ab')
  })

  test('a full socket says so and drains once the peer reads', async () => {
    const port = await plain((socket) => socket.resume())
    const { socket, drained } = await open(port)
    expect(socket.write([new Uint8Array(8_000_000)])).toBe(false)
    await drained
    expect(socket.write([bytes('x')])).toBe(true)
    socket.destroy()
  })

  test('close sends what was written before', async () => {
    let size = 0
    const port = await plain((socket) => socket.on('data', (chunk) => (size += chunk.length)))
    const { socket, closed } = await open(port)
    socket.write([new Uint8Array(4_000_000)])
    socket.close()
    await closed
    const [peer] = accepted
    if (!peer!.destroyed) await once(peer!, 'close')
    expect(size).toBe(4_000_000)
  })

  test('close ends by itself when the peer reads nothing', async () => {
    const port = await plain((socket) => socket.pause())
    const { socket, closed } = await open(port)
    socket.write([new Uint8Array(64_000_000)])
    socket.close()
    expect(await closed).toBeUndefined()
  })

  test('a lost connection reports its error', async () => {
    const port = await plain((socket) => socket.on('data', () => socket.resetAndDestroy()))
    const { socket, closed } = await open(port)
    socket.write([bytes('x')])
    const error = await closed
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  test('a port where nothing listens is named, with the reason', async () => {
    const port = await plain()
    servers[0]!.close()
    const error = await rejection(open(port))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ host: '127.0.0.1', port, retriable: true })
    expect((error as Error).message).toBe(
      `cannot connect to 127.0.0.1:${port}: connection refused, nothing listens there (ECONNREFUSED)`,
    )
  })

  test('a name that does not exist is named, with the reason', async () => {
    const error = await rejection(open(9092, { host: 'no-such-host.invalid' }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toMatch(
      /^cannot connect to no-such-host.invalid:9092: the (host name is unknown|name server)/,
    )
  })

  test('every address of a name is tried', async () => {
    // localhost may be ::1 first, where this server does not listen.
    const port = await plain((socket) => socket.end('hello'))
    const { received, closed } = await open(port, { host: 'localhost' })
    await closed
    expect(received()).toBe('hello')
  })

  test('an abort while connecting rejects with its reason and leaves nothing open', async () => {
    const port = await plain()
    const caller = new AbortController()
    const opening = rejection(open(port, { signal: caller.signal }))
    caller.abort(new Error('enough'))
    expect(await opening).toMatchObject({ message: 'enough' })
    const early = AbortSignal.abort(new Error('early'))
    expect(await rejection(open(port, { signal: early }))).toMatchObject({ message: 'early' })
  })
})

describe('TLS', () => {
  test('connects to a server whose certificate the given authority signed', async () => {
    const port = await tls('server', {}, (socket) =>
      socket.on('data', (chunk) => socket.end(`got ${chunk.toString()}`)),
    )
    const { socket, received, closed } = await open(port, { host: 'localhost', tls: { ca } })
    socket.write([bytes('a')])
    expect(await closed).toBeUndefined()
    expect(received()).toBe('got a')
  })

  test('asks for the host by name, unless it is an address', async () => {
    const names: (string | false | undefined)[] = []
    const sniNames = (servername: string, done: (error: null) => void): void => {
      names.push(servername)
      done(null)
    }
    const port = await tls('server', { SNICallback: sniNames })
    await open(port, { host: 'localhost', tls: { ca } })
    await open(port, { tls: { ca } })
    await open(port, { tls: { ca, servername: 'localhost' } })
    expect(names).toEqual(['localhost', 'localhost'])
  })

  test.each([
    ['an authority that is not trusted', 'server', () => ({})],
    ['another host', 'badname', () => ({ ca })],
    ['the past', 'expired', () => ({ ca })],
    ['an authority that is not trusted, also with host names unchecked,', 'server', () => ({ checkHostName: false })],
  ])('refuses a certificate of %s', async (_, name, options) => {
    const port = await tls(name)
    const error = await rejection(open(port, { host: 'localhost', tls: options() }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ mechanism: 'TLS', retriable: false })
    expect((error as Error).message).toContain(`cannot connect to localhost:${port}: its certificate is not accepted`)
  })

  test('accepts any certificate only when told so', async () => {
    const port = await tls('badname', {}, (socket) => socket.end('hello'))
    const { received, closed } = await open(port, { host: 'localhost', tls: { rejectUnauthorized: false } })
    await closed
    expect(received()).toBe('hello')
  })

  test('leaves the host name alone, and that only, when told so', async () => {
    const port = await tls('badname', {}, (socket) => socket.end('hello'))
    const { received, closed } = await open(port, { host: 'localhost', tls: { ca, checkHostName: false } })
    await closed
    expect(received()).toBe('hello')
  })

  test('takes several authorities in one text', async () => {
    const bundle = (await readFile(join(folder, 'otherca.crt'), 'utf8')) + ca
    const port = await tls('server', {}, (socket) => socket.end('hello'))
    const { received, closed } = await open(port, { host: 'localhost', tls: { ca: bundle } })
    await closed
    expect(received()).toBe('hello')
  })

  test('offers no ALPN, which some proxies stumble over', async () => {
    let protocol: string | false | null = null
    const port = await tls('server', { ALPNProtocols: ['http/1.1'] }, (socket) => {
      protocol = (socket as TLSSocket).alpnProtocol
      socket.end()
    })
    const { closed } = await open(port, { host: 'localhost', tls: { ca } })
    await closed
    expect(protocol).toBe(false)
  })

  test('speaks no older version than told', async () => {
    const port = await tls('server', { maxVersion: 'TLSv1.2' })
    const error = await rejection(open(port, { host: 'localhost', tls: { ca, minVersion: 'TLSv1.3' } }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toMatch(/the TLS handshake failed: .*version/)
  })

  test('shows a client certificate, also with an encrypted key', async () => {
    const port = await tls('server', { ca, requestCert: true, rejectUnauthorized: true }, (socket) =>
      socket.end('welcome'),
    )
    const cert = await readFile(join(folder, 'client.crt'), 'utf8')
    const key = await readFile(join(folder, 'client.enc.p8'))
    const { received, closed } = await open(port, {
      host: 'localhost',
      tls: { ca: [ca], cert, key, passphrase: 'secret' },
    })
    await closed
    expect(received()).toBe('welcome')
  })

  test('without a certificate where one is required is an AuthenticationError, which comes after the handshake', async () => {
    const port = await tls('server', { ca, requestCert: true, rejectUnauthorized: true })
    const error = await rejection(connect({ host: 'localhost', port }, { tls: () => Promise.resolve({ ca }) }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ mechanism: 'TLS', retriable: false })
    expect((error as Error).message).toMatch(/does not accept the client's certificate.*check tls.cert and tls.key$/)
  })

  test('to a port that expects plaintext and hangs up says so', async () => {
    // What a broker does with a TLS greeting: it reads a frame of 369 MB and closes.
    const port = await plain((socket) => socket.once('data', () => socket.destroy()))
    const error = await rejection(open(port, { host: 'localhost', tls: { ca } }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toContain('does the port expect plaintext?')
  })

  test('to a port that answers in plaintext says so, and is no reason to try again', async () => {
    const port = await plain((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    const error = await rejection(open(port, { host: 'localhost', tls: { ca } }))
    expect(error).toMatchObject({ retriable: false })
    expect((error as Error).message).toContain('the peer does not speak TLS')
  })

  test('missing where the port expects it is recognised by the alert that the peer answers with', async () => {
    const alert = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 80)
    const port = await plain((socket) => socket.once('data', () => socket.end(alert)))
    const error = await rejection(connect({ host: '127.0.0.1', port }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ retriable: false })
    expect((error as Error).message).toContain('the peer speaks TLS')
  })

  test('missing where the port expects it is suggested when the peer just hangs up', async () => {
    const port = await tls('server')
    const error = await rejection(connect({ host: '127.0.0.1', port }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toContain('does it expect TLS?')
  })

  test('a key that does not open is an error of the options, which does not show the passphrase', async () => {
    const port = await tls('server')
    const key = await readFile(join(folder, 'client.enc.p8'))
    const cert = await readFile(join(folder, 'client.crt'))
    const options = { ca, cert, key, passphrase: 'not-the-one' }
    const error = await rejection(open(port, { host: 'localhost', tls: options }))
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).not.toContain('not-the-one')
  })
})
