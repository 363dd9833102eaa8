/** PEM text or bytes; several where a chain or a set is meant. A text may hold several, too. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[]

/** PEM as it is, or a function that is called for each new connection, so that what was renewed is used without a restart. */
export type PemSource = Pem | (() => Pem | Promise<Pem>)

/**
 * How to speak TLS to the brokers. `{}` means: trust the runtime's authorities and check certificate and host name.
 * Files are read anew for each new connection; a file that cannot be read any more counts as unchanged.
 */
export interface TlsOptions {
  /** Authorities to trust instead of the runtime's. */
  ca?: PemSource | undefined
  /** Path of a file with such, in place of `ca`. */
  caFile?: string | undefined
  /** The client's certificate, followed by its chain. */
  cert?: PemSource | undefined
  /** Path of a file with such, in place of `cert`. */
  certFile?: string | undefined
  /** The client's private key. */
  key?: PemSource | undefined
  /** Path of a file with such, in place of `key`. */
  keyFile?: string | undefined
  /** Opens an encrypted key. */
  passphrase?: string | (() => string | Promise<string>) | undefined
  /** Name to ask for and to check instead of the host that is connected to. */
  servername?: string | undefined
  /** false accepts a certificate of another host, if a trusted authority signed it. Default true. Java: ssl.endpoint.identification.algorithm. */
  checkHostName?: boolean | undefined
  /** false accepts any certificate, which gives up the protection of TLS against an active attacker. Default true. */
  rejectUnauthorized?: boolean | undefined
  /** Default: the runtime's, TLS 1.2. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

/** TLS options as a transport gets them: everything is at hand. */
export interface TlsSettings {
  ca?: Pem | undefined
  cert?: Pem | undefined
  key?: Pem | undefined
  passphrase?: string | undefined
  servername?: string | undefined
  checkHostName?: boolean | undefined
  rejectUnauthorized?: boolean | undefined
  minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

/** What a socket reports. Nothing is called after `close`. */
export interface SocketHandlers {
  /** Bytes arrived: the first `size` of an array. They are valid only during the call: the next read may overwrite them. */
  data(bytes: Uint8Array, size: number): void
  /** What was written has gone out, after a `write` that returned false. */
  drain(): void
  /** The connection has ended: with an error, or undefined when either side closed it in order. Called once. */
  close(error: Error | undefined): void
}

/** Where to connect to, and how. */
export interface ConnectOptions {
  host: string
  port: number
  /** Plain TCP when undefined. */
  tls?: TlsSettings | undefined
  /** Which address of a name comes first: counts the attempts that failed. Default 0: the one that the look-up puts first. */
  addressTurn?: number | undefined
  /** Time the whole attempt has, to be shared among the addresses of a name. `signal` is what ends it. */
  timeoutMs: number
  /** Gives up: the promise rejects with the signal's reason and nothing is left open. */
  signal?: AbortSignal | undefined
  handlers: SocketHandlers
}

/** An open connection. */
export interface TransportSocket {
  /**
   * Sends bytes that come in pieces, in one system call where it can. The caller leaves them as they are until the peer has answered them or the
   * connection is gone. False asks the caller to wait for `drain`.
   */
  write(parts: readonly Uint8Array[]): boolean
  /** Closes after what was written has gone out, or soon in any case. */
  close(): void
  /** Closes at once. */
  destroy(): void
}

/** Makes connections. Everything above it is free of any runtime's socket API. */
export interface Transport {
  /** Resolves when bytes can be sent, after the TLS handshake if there is one. Rejects with ConnectionError or AuthenticationError. */
  connect(options: ConnectOptions): Promise<TransportSocket>
  /** Makes an array of zeros that its sockets write parts of as they are. Without it, any array will do. */
  readonly allocate?: ((bytes: number) => Uint8Array) | undefined
  /** The names that the addresses of a host have themselves. Only asked where `clientDnsLookup` says so. */
  canonicalNames?(host: string): Promise<string[]>
}

/** What a socket must have: that of a `Socket` of `node:net`, or of any `Duplex` of `node:stream`, and more. */
export interface DuplexSocket {
  write(chunk: Uint8Array): boolean
  on(event: string, listener: (...args: never[]) => void): unknown
  destroy(error?: Error): unknown
}

/**
 * Connects in another way than directly, such as through a SOCKS or HTTP proxy: resolves with an open socket to `host:port`.
 * TLS, where it is asked for, is spoken over that socket. When `signal` fires, nobody waits any more.
 */
export type SocketFactory = (to: {
  host: string
  port: number
  signal: AbortSignal
}) => DuplexSocket | Promise<DuplexSocket>

/** Where to connect to instead of the address that a broker advertises. */
export interface MappedAddress {
  host: string
  port: number
  /** Name that TLS asks for and checks. Default: `tls.servername`, else the host that the broker advertises. */
  servername?: string | undefined
}

/**
 * Says how to reach a broker: for port forwarding, private links and other places where brokers cannot be reached as they say.
 * Called for each new connection; `nodeId` is negative for a bootstrap server.
 */
export type AddressMapper = (broker: {
  nodeId: number
  host: string
  port: number
}) => MappedAddress | Promise<MappedAddress>
