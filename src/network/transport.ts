/** PEM text or bytes; several where a chain or a set is meant. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[]

/** How to speak TLS to the brokers. `{}` means: trust the system's authorities and check the host name. */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  ca?: Pem | undefined
  /** The client's certificate, followed by its chain. */
  cert?: Pem | undefined
  /** The client's private key. */
  key?: Pem | undefined
  /** Opens an encrypted `key`. */
  passphrase?: string | undefined
  /** Name to ask for and to check instead of the host that is connected to. */
  servername?: string | undefined
  /** false accepts any certificate, which gives up the protection of TLS against an active attacker. Default true. */
  rejectUnauthorized?: boolean | undefined
  /** Default: the runtime's, TLS 1.2. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

/** What a socket reports. Nothing is called after `close`. */
export interface SocketHandlers {
  /** Bytes arrived. They are valid only during the call: the next read may overwrite them. */
  data(chunk: Uint8Array): void
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
  tls?: TlsOptions | undefined
  /** Time the whole attempt has, to be shared among the addresses of a name. `signal` is what ends it. */
  timeoutMs: number
  /** Gives up: the promise rejects with the signal's reason and nothing is left open. */
  signal?: AbortSignal | undefined
  handlers: SocketHandlers
}

/** An open connection. */
export interface TransportSocket {
  /** Sends bytes, which must not change afterwards. False asks the caller to wait for `drain`. */
  write(bytes: Uint8Array): boolean
  /** Closes after what was written has gone out, or soon in any case. */
  close(): void
  /** Closes at once. */
  destroy(): void
}

/** Makes connections. Everything above it is free of any runtime's socket API. */
export interface Transport {
  /** Resolves when bytes can be sent, after the TLS handshake if there is one. Rejects with ConnectionError or AuthenticationError. */
  connect(options: ConnectOptions): Promise<TransportSocket>
}
