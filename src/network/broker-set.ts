import { ConnectionError } from '../errors.ts'
import { Broker, type BrokerAddress, type ConnectionSettings, type Readiness } from './broker.ts'
import type { ClusterSettings } from './cluster-options.ts'
import type { Transport } from './transport.ts'

/** What a BrokerSet goes by. */
export type BrokerSetSettings = ConnectionSettings &
  Pick<ClusterSettings, 'clientDnsLookup' | 'metadataRecoveryStrategy'>

/** Where to find a first broker. */
export interface ServerAddress {
  host: string
  port: number
}

const READINESS_ORDER: Readonly<Record<Readiness, number>> = {
  connected: 0,
  connecting: 1,
  disconnected: 2,
  'backing off': 3,
}

/** The brokers of a cluster by node id, and the bootstrap servers for as long as none is known. */
export class BrokerSet {
  readonly #servers: readonly ServerAddress[]
  readonly #settings: BrokerSetSettings
  /** The servers, or what their addresses are called. */
  #named: readonly ServerAddress[]
  #naming: Promise<void> | undefined
  readonly #brokers = new Map<number, Broker>()
  /** Made when needed and retired when brokers are known. */
  #bootstrap: Broker[] = []
  /** Brokers that finish what they have. */
  readonly #retired = new Set<Broker>()
  #isClosed = false

  constructor(servers: readonly ServerAddress[], settings: BrokerSetSettings) {
    this.#servers = servers
    this.#named = servers
    this.#settings = settings
  }

  /** To be awaited before `candidates`, if it is anything: the bootstrap servers' canonical names are looked up, once for each bootstrap. */
  prepare(): Promise<void> | undefined {
    if (this.#settings.clientDnsLookup === 'use_all_dns_ips') return undefined
    this.#naming ??= this.#nameServers()
    return this.#naming
  }

  get(nodeId: number): Broker | undefined {
    return this.#brokers.get(nodeId)
  }

  /** Known by node id. */
  all(): Broker[] {
    return [...this.#brokers.values()]
  }

  /** Replaces the known brokers. One that moved to another address becomes another Broker; true when anything changed. */
  replace(addresses: readonly BrokerAddress[]): boolean {
    let isChanged = false
    for (const address of addresses) isChanged = this.add(address) || isChanged
    const listed = new Set(addresses.map(({ nodeId }) => nodeId))
    for (const broker of this.all()) {
      if (listed.has(broker.nodeId)) continue
      this.#retire(broker)
      isChanged = true
    }
    return isChanged
  }

  /** Adds or moves one broker; true when that changed anything. */
  add(address: BrokerAddress): boolean {
    if (this.#isClosed) return false
    const { nodeId, host, port, rack } = address
    const known = this.#brokers.get(nodeId)
    if (known !== undefined) {
      if (known.host === host && known.port === port) return known.learnRack(rack)
      this.#retire(known)
    }
    this.#brokers.set(nodeId, new Broker(address, this.#settings))
    for (const broker of this.#bootstrap.splice(0)) this.#retire(broker)
    return true
  }

  /** Forgets all brokers, so that the bootstrap servers are asked again, unless the strategy forbids it (KIP-899). */
  rebootstrap(): void {
    if (this.#settings.metadataRecoveryStrategy === 'none') return
    this.#naming = undefined
    for (const broker of [...this.all(), ...this.#bootstrap.splice(0)]) this.#retire(broker)
  }

  /**
   * Brokers in the order to try them in (Java: NetworkClient.leastLoadedNode): connected ones by load, then those that are
   * connecting, then those whose last attempt is longest ago. The bootstrap servers come last (KIP-899), or not at all when
   * brokers are known and the strategy forbids it.
   */
  candidates(): Broker[] {
    const isKnown = this.#brokers.size > 0 && this.#settings.metadataRecoveryStrategy === 'none'
    if (this.#bootstrap.length === 0 && !this.#isClosed && !isKnown) {
      this.#bootstrap = this.#named.map(
        ({ host, port }, i) => new Broker({ nodeId: -1 - i, host, port, rack: null }, this.#settings),
      )
    }
    return [...inOrder(this.all()), ...inOrder(this.#bootstrap)]
  }

  /** Disconnects from all. Resolves when all sockets are gone. */
  async close(): Promise<void> {
    this.#isClosed = true
    const brokers = [...this.#brokers.values(), ...this.#bootstrap, ...this.#retired]
    this.#brokers.clear()
    this.#bootstrap = []
    await Promise.all(brokers.map((broker) => broker.close()))
  }

  async #nameServers(): Promise<void> {
    try {
      this.#named = await canonicalServers(this.#servers, this.#settings.transport)
    } catch (error) {
      this.#naming = undefined
      throw error
    }
    // Those that were made before have the other names.
    for (const broker of this.#bootstrap.splice(0)) this.#retire(broker)
  }

  #retire(broker: Broker): void {
    if (this.#brokers.get(broker.nodeId) === broker) this.#brokers.delete(broker.nodeId)
    this.#retired.add(broker)
    void broker.retire().then(() => this.#retired.delete(broker))
  }
}

/** A server for each name that the addresses of these have themselves. Rejects when none of them has an address. */
async function canonicalServers(servers: readonly ServerAddress[], transport: Transport): Promise<ServerAddress[]> {
  const errors: unknown[] = []
  const named = await Promise.all(
    servers.map(async ({ host, port }) => {
      const names = await transport.canonicalNames!(host).catch((error: unknown) => {
        errors.push(error)
        return []
      })
      return names.map((name) => ({ host: name, port }))
    }),
  )
  const found = named.flat()
  if (found.length > 0) return found
  const names = servers.map(({ host }) => host).join(', ')
  throw new ConnectionError(`no bootstrap server has an address: ${names}`, servers[0]!, {
    cause: errors.length === 1 ? errors[0] : new AggregateError(errors),
  })
}

function inOrder(brokers: readonly Broker[]): Broker[] {
  const start = Math.floor(Math.random() * brokers.length)
  return [...brokers.slice(start), ...brokers.slice(0, start)]
    .map((broker) => ({
      broker,
      order: READINESS_ORDER[broker.readiness('general')],
      // Not what waits elsewhere: a fetch may for long, with nothing wrong.
      pendingCount: broker.pendingCount('general'),
    }))
    .sort(
      (a, b) => a.order - b.order || a.pendingCount - b.pendingCount || a.broker.lastAttemptAt - b.broker.lastAttemptAt,
    )
    .map(({ broker }) => broker)
}
