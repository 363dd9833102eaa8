import dns from 'node:dns'
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectTls, type ConnectionOptions as NodeTlsOptions } from 'node:tls'
import { AuthenticationError, ConfigError, ConnectionError } from '../errors.ts'
import { canonicalNames, lookupInTurn, type NameService } from './names.ts'
import type { ConnectOptions, Pem, SocketFactory, TlsSettings, Transport, TransportSocket } from './transport.ts'

/** Bytes of the one buffer that a plain TCP connection reads into: 8 % less work on large fetches than with 64 KiB. */
const READ_BUFFER_BYTES = 128 * 1024
/** How long a closing connection may take to send what was written before. */
const FLUSH_TIMEOUT_MS = 1000
/** Shortest time for one address of a name before the next is tried beside it; the runtime's own 250 ms are too short for far regions. */
const MIN_ADDRESS_TIMEOUT_MS = 1000

/** Sockets of Node.js, and of Bun and Deno through their `node:net` and `node:tls`, with names looked up by `names`. */
export function transportWith(names: NameService): Transport {
  return {
    connect: (options) => connect(options, undefined, names),
    allocate: (bytes) => Buffer.alloc(bytes),
    canonicalNames: (host) => canonicalNames(names, host),
  }
}

const systemNames = dns as unknown as NameService

/** As `transportWith`, with the system's names. */
export const nodeTransport: Transport = transportWith(systemNames)

/** As `nodeTransport`, but over sockets that a factory makes. */
export function transportOver(factory: SocketFactory): Transport {
  return { ...nodeTransport, connect: async (options) => connect(options, await made(factory, options), systemNames) }
}

/** @param carrier - an open socket to the broker; undefined to open one. */
function connect(options: ConnectOptions, carrier: Socket | undefined, names: NameService): Promise<TransportSocket> {
  const { tls, signal, handlers } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      carrier?.destroy()
      reject(signal.reason as Error)
      return
    }
    let isOpen = false
    let isTcpOpen = carrier !== undefined
    let lastError: Error | undefined
    const addresses = addressSelection(options, names)
    const socket =
      tls === undefined ? (carrier ?? openTcp(options, addresses)) : openTls(options, tls, carrier ?? addresses)
    // Not every kind of stream has these.
    socket.setNoDelay?.(true)
    socket.setKeepAlive?.(true)

    const onAbort = (): void => {
      socket.destroy()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })

    const onOpen = (): void => {
      isOpen = true
      signal?.removeEventListener('abort', onAbort)
      resolve(new NodeSocket(socket))
    }
    socket.on('connect', () => (isTcpOpen = true))
    if (tls !== undefined) socket.once('secureConnect', onOpen)
    else if (carrier === undefined) socket.once('connect', onOpen)
    // With `onread` honoured this one never fires; without, it is how the bytes come.
    socket.on('data', (chunk) => handlers.data(chunk, chunk.length))
    socket.on('drain', () => handlers.drain())
    socket.on('error', (error) => (lastError = error))
    // The peer has nothing more to say, so no answer can come.
    socket.on('end', () => socket.destroy())
    socket.once('close', () => {
      signal?.removeEventListener('abort', onAbort)
      if (isOpen) handlers.close(lastError === undefined ? undefined : connectionLoss(options, lastError))
      else reject(connectFailure(options, lastError, isTcpOpen))
    })
    if (tls === undefined && carrier !== undefined) onOpen()
  })
}

/** The socket that a factory makes. One that comes after the signal has fired is destroyed. */
function made(factory: SocketFactory, { host, port, signal }: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error)
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const making = (async () => factory({ host, port, signal: signal ?? new AbortController().signal }))()
    making.then(
      (socket) => {
        signal?.removeEventListener('abort', onAbort)
        if (signal?.aborted === true) socket.destroy()
        else resolve(socket as unknown as Socket)
      },
      (cause: unknown) => {
        signal?.removeEventListener('abort', onAbort)
        const reason = cause instanceof Error ? cause.message : 'unknown reason'
        const message = `cannot connect to ${host}:${port}: the socket factory failed: ${reason}`
        reject(new ConnectionError(message, { host, port }, { cause }))
      },
    )
  })
}

function openTcp(options: ConnectOptions, addresses: AddressSelection): Socket {
  const buffer = new Uint8Array(READ_BUFFER_BYTES)
  return connectTcp({
    host: options.host,
    port: options.port,
    ...addresses,
    onread: {
      buffer,
      callback: (size) => {
        options.handlers.data(buffer, size)
        return true
      },
    },
  })
}

function openTls({ host, port }: ConnectOptions, tls: TlsSettings, over: Socket | AddressSelection): Socket {
  const settings: NodeTlsOptions & TcpNetConnectOpts = { host, port }
  // Names only: the extension that carries it has no form for addresses.
  const servername = tls.servername ?? host
  if (isIP(servername) === 0) settings.servername = servername
  if ('autoSelectFamily' in over) Object.assign(settings, over)
  else settings.socket = over as Socket
  if (tls.ca !== undefined) settings.ca = pem(tls.ca)
  if (tls.cert !== undefined) settings.cert = pem(tls.cert)
  if (tls.key !== undefined) settings.key = pem(tls.key)
  if (tls.passphrase !== undefined) settings.passphrase = tls.passphrase
  if (tls.rejectUnauthorized !== undefined) settings.rejectUnauthorized = tls.rejectUnauthorized
  if (tls.checkHostName === false) settings.checkServerIdentity = () => undefined
  if (tls.minVersion !== undefined) settings.minVersion = tls.minVersion
  try {
    return connectTls(settings)
  } catch (error) {
    // A key, certificate or passphrase that does not load; OpenSSL's words name none of their content.
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new ConfigError('tls', `the TLS options cannot be used: ${reason}`, { cause: error })
  }
}

type AddressSelection = Pick<TcpNetConnectOpts, 'autoSelectFamily' | 'autoSelectFamilyAttemptTimeout' | 'lookup'>

/** All addresses of a name are tried, IPv6 and IPv4 in turn (Java: client.dns.lookup=use_all_dns_ips). */
function addressSelection({ timeoutMs, addressTurn = 0 }: ConnectOptions, names: NameService): AddressSelection {
  return {
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(MIN_ADDRESS_TIMEOUT_MS, Math.floor(timeoutMs / 8)),
    // Left to the runtime where that does the same.
    ...(addressTurn === 0 && names === systemNames ? {} : { lookup: lookupInTurn(names, addressTurn) }),
  }
}

function pem(value: Pem): string | Buffer | (string | Buffer)[] {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value)
  return value.map((part) => (typeof part === 'string' ? part : Buffer.from(part)))
}

class NodeSocket implements TransportSocket {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    // Corking costs several times what the write itself does.
    if (parts.length === 1) return socket.write(parts[0]!)
    socket.cork()
    let hasRoom = true
    for (const part of parts) hasRoom = socket.write(part)
    socket.uncork()
    return hasRoom
  }

  close(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    if (socket.writableLength === 0) {
      socket.destroy()
      return
    }
    const timer = setTimeout(() => socket.destroy(), FLUSH_TIMEOUT_MS)
    socket.once('close', () => clearTimeout(timer))
    // Sockets have the former, other streams do not.
    if (typeof socket.destroySoon === 'function') socket.destroySoon()
    else socket.end(() => socket.destroy())
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

interface SocketError extends Error {
  code?: string
  address?: string
  port?: number
  errors?: SocketError[]
  /** OpenSSL's words without its file names. */
  reason?: string
}

/** Codes of a certificate that was not accepted: OpenSSL's verification results as Node names them. */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** What each common failure means to someone who sets up a client. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'the name server did not answer',
  ECONNREFUSED: 'connection refused, nothing listens there',
  ECONNRESET: 'the peer reset the connection',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'the host name is unknown',
  ETIMEDOUT: 'no answer',
}

function explain(error: SocketError | undefined): string {
  if (error === undefined) return 'the peer closed the connection'
  const parts = error.errors?.filter((part) => part.address !== undefined) ?? []
  if (parts.length > 0) {
    return parts
      .map((part) => `${part.address ?? ''} ${EXPLANATIONS[part.code ?? ''] ?? part.code ?? part.message}`)
      .join(', ')
  }
  const explanation = EXPLANATIONS[error.code ?? '']
  if (explanation !== undefined) return `${explanation} (${error.code ?? ''})`
  return error.reason ?? (error.message === '' ? (error.code ?? 'unknown socket error') : error.message)
}

/** Alerts by which a server refuses a client's certificate, or misses one. With TLS 1.3 they come after the handshake. */
const CERTIFICATE_ALERT = /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/

/** What ended a connection that was open. */
function connectionLoss({ host, port }: ConnectOptions, error: SocketError): Error {
  if (CERTIFICATE_ALERT.test(error.code ?? '')) {
    const reason = `${host}:${port} does not accept the client's certificate, or misses one: ${explain(error)}`
    return new AuthenticationError(`${reason}: check tls.cert and tls.key`, 'TLS', { cause: error })
  }
  return new ConnectionError(explain(error), { host, port }, { cause: error })
}

function connectFailure(options: ConnectOptions, error: SocketError | undefined, isTcpOpen: boolean): Error {
  const { host, port, tls } = options
  const to = `cannot connect to ${host}:${port}`
  if (tls === undefined || !isTcpOpen) {
    return new ConnectionError(`${to}: ${explain(error)}`, { host, port }, { cause: error })
  }
  const code = error?.code ?? ''
  if (CERTIFICATE_ALERT.test(code)) return connectionLoss(options, error!)
  if (CERTIFICATE_CODES.has(code)) {
    return new AuthenticationError(`${to}: its certificate is not accepted: ${error?.message ?? code}`, 'TLS', {
      cause: error,
    })
  }
  // What is not TLS at all never becomes so by trying again.
  const isNotTls = code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
  const hint = isNotTls
    ? 'the peer does not speak TLS: leave tls out, or use the TLS port'
    : code.startsWith('ERR_SSL')
      ? `the TLS handshake failed: ${explain(error)}`
      : `the connection ended during the TLS handshake (${explain(error)}): does the port expect plaintext?`
  return new ConnectionError(`${to}: ${hint}`, { host, port }, { cause: error, retriable: !isNotTls })
}
