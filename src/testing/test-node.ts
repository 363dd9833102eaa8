import { createServer, type AddressInfo, type Server } from 'node:net'
import { ClientConnection, type Serve } from './client-connection.ts'
import type { ClusterState, NodeState } from './state/cluster-state.ts'

/** One node of a TestBroker. */
export class TestNode {
  readonly #cluster: ClusterState
  readonly #state: NodeState
  readonly #serve: Serve
  readonly #connections = new Set<ClientConnection>()
  #server: Server | undefined
  #isClosed = false

  /** @internal Nodes are made by TestBroker.start. */
  constructor(cluster: ClusterState, state: NodeState, serve: Serve) {
    this.#cluster = cluster
    this.#state = state
    this.#serve = serve
  }

  /** Node id, from 1. */
  get id(): number {
    return this.#state.id
  }

  get host(): string {
    return this.#state.host
  }

  /** The same after a restart. */
  get port(): number {
    return this.#state.port
  }

  get isRunning(): boolean {
    return this.#state.isUp
  }

  /** Number of clients that are connected. */
  get connectionCount(): number {
    return this.#connections.size
  }

  /**
   * Kills the node: its connections are lost and its port is closed. Other nodes take over what it led and coordinated;
   * a partition without another replica has no leader until the node is back.
   */
  async stop(): Promise<void> {
    if (!this.#state.isUp) return
    this.#cluster.setUp(this.#state, false)
    await this.#stopListening()
  }

  /** Brings the node back on its port, with all data. */
  async start(): Promise<void> {
    if (this.#state.isUp || this.#isClosed) return
    await this.listen()
    this.#cluster.setUp(this.#state, true)
  }

  /** Cuts all connections of clients. They may connect again. */
  disconnectClients(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  /** @internal */
  async listen(): Promise<void> {
    const server = createServer((socket) => {
      const connection = new ClientConnection(socket, this.#serve, () => this.#connections.delete(connection))
      this.#connections.add(connection)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: this.#state.host, port: this.#state.port }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#state.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** @internal Stops for good. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#stopListening()
  }

  async #stopListening(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    this.disconnectClients()
    await closed
  }
}
