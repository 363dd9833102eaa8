import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How bytes travel in one direction. */
export interface Flow {
  /** Delay of everything. */
  delayMs: number
  /** Writes pieces of this size, each on its own. */
  pieceBytes: number
  /** Collects bytes for this long and writes them at once. */
  coalesceMs: number
  bytesPerSecond: number
}

/** What happens to a connection when the broker's next bytes come. */
type ResetRule = 'before the response' | 'after the response'

const UNTOUCHED: Flow = { delayMs: 0, pieceBytes: Infinity, coalesceMs: 0, bytesPerSecond: Infinity }

/** One client's connection and its continuation to the broker. */
class Link {
  readonly #client: Socket
  readonly #broker: Socket

  constructor(client: Socket, broker: Socket) {
    this.#client = client
    this.#broker = broker
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      // A reset is what this is for.
      socket.on('error', () => {})
    }
    client.on('close', () => broker.destroy())
    broker.on('close', () => client.destroy())
  }

  carry(proxy: FaultProxy): void {
    pump(this.#client, this.#broker, proxy, proxy.toBroker)
    pump(this.#broker, this.#client, proxy, proxy.toClient, () => {
      const rule = proxy.takeResetRule()
      if (rule === 'before the response') this.reset()
      return rule === 'after the response' ? () => this.reset() : undefined
    })
  }

  /** Ends the client's side with a TCP reset. */
  reset(): void {
    this.#client.resetAndDestroy()
    this.#broker.destroy()
  }

  destroy(): void {
    this.#client.destroy()
    this.#broker.destroy()
  }
}

/** Carries bytes one way, in order. `onBytes` may return what to do once the bytes are out. */
function pump(from: Socket, to: Socket, proxy: FaultProxy, flow: Flow, onBytes?: () => (() => void) | undefined): void {
  let waiting: Buffer[] = []
  let isBusy = false
  const carry = async (): Promise<void> => {
    isBusy = true
    while (waiting.length > 0 && !to.destroyed) {
      if (flow.coalesceMs > 0) await sleep(flow.coalesceMs)
      if (flow.delayMs > 0) await sleep(flow.delayMs)
      const bytes = Buffer.concat(waiting)
      waiting = []
      const afterwards = onBytes?.()
      await deliver(bytes, to, flow)
      afterwards?.()
    }
    isBusy = false
  }
  from.on('data', (chunk) => {
    // Neither end hears of it: that is what a half-open connection is like.
    if (proxy.isFrozen) return
    waiting.push(chunk)
    if (!isBusy) void carry()
  })
}

async function deliver(bytes: Buffer, to: Socket, { pieceBytes, bytesPerSecond }: Flow): Promise<void> {
  const size = Math.min(pieceBytes, Math.max(1, Math.floor(bytesPerSecond / 20)), bytes.length)
  for (let at = 0; at < bytes.length && !to.destroyed; at += size) {
    const piece = bytes.subarray(at, at + size)
    await new Promise<void>((resolve) => to.write(piece, () => resolve()))
    if (bytesPerSecond < Infinity) await sleep((piece.length * 1000) / bytesPerSecond)
  }
}

/** A TCP proxy in front of a broker that treats connections as badly as it is told to. */
export class FaultProxy {
  /** Where connections are carried on to; may be changed for those to come. */
  target: { host: string; port: number }
  readonly toBroker: Flow = { ...UNTOUCHED }
  readonly toClient: Flow = { ...UNTOUCHED }
  /** Whether new connections are accepted and nothing comes of them. */
  isBlackHole = false
  /** Whether bytes of either side vanish, while connections stay. */
  isFrozen = false
  /** Connections that were accepted, in all. */
  acceptedCount = 0
  readonly #links = new Set<Link | Socket>()
  #server: Server
  #port = 0
  #resetRule: ResetRule | undefined

  private constructor(target: { host: string; port: number }) {
    this.target = target
    this.#server = this.#serve()
  }

  static async start(target: { host: string; port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    await proxy.#listen(0)
    return proxy
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.#port }
  }

  /** Connections that are open. */
  get openCount(): number {
    return this.#links.size
  }

  /** Resets the next connection on which the broker says something: the response is lost, or just came through. */
  resetNext(rule: ResetRule): void {
    this.#resetRule = rule
  }

  /** @internal */
  takeResetRule(): ResetRule | undefined {
    const rule = this.#resetRule
    this.#resetRule = undefined
    return rule
  }

  /** Resets all connections. */
  resetAll(): void {
    for (const link of this.#links) {
      if (link instanceof Link) link.reset()
      else link.resetAndDestroy()
    }
  }

  /** Ends all connections and refuses new ones, until `accept`. */
  async refuse(): Promise<void> {
    for (const link of this.#links) link.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Accepts connections again, at the same address. */
  async accept(): Promise<void> {
    this.#server = this.#serve()
    await this.#listen(this.#port)
  }

  close(): Promise<void> {
    return this.refuse()
  }

  #serve(): Server {
    return createServer((client) => this.#take(client))
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  #take(client: Socket): void {
    this.acceptedCount++
    if (this.isBlackHole) {
      client.on('error', () => {})
      client.resume()
      this.#keep(client, client)
      return
    }
    const link = new Link(client, connect(this.target))
    this.#keep(link, client)
    link.carry(this)
  }

  #keep(link: Link | Socket, client: Socket): void {
    this.#links.add(link)
    client.once('close', () => this.#links.delete(link))
  }
}
