import { createServer, connect, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { nodeTransport } from '../../src/network/node.ts'
import type { Transport } from '../../src/network/transport.ts'

/** A TCP relay in front of every broker that cuts each connection some time after it was made, in the midst of whatever goes over it. */
export interface CuttingProxy {
  /** Sends every connection by way of the relay. */
  readonly transport: Transport
  readonly cutCount: number
  /** Lets connections live from now on. */
  calm(): void
  close(): Promise<void>
}

/** @param lifetimeMs - shortest and longest life of a connection. */
export function cuttingProxy(lifetimeMs: readonly [number, number]): CuttingProxy {
  const relays = new Map<string, Promise<Server>>()
  const sockets = new Set<Socket>()
  let cutCount = 0
  let isCalm = false

  const relay = (client: Socket, host: string, port: number): void => {
    const broker = connect({ host, port })
    const cut = (): void => {
      client.destroy()
      broker.destroy()
    }
    const [min, max] = lifetimeMs
    const timer = setTimeout(
      () => {
        if (isCalm) return
        cutCount++
        cut()
      },
      min + Math.random() * (max - min),
    )
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        clearTimeout(timer)
        sockets.delete(socket)
        cut()
      })
    }
    client.pipe(broker).pipe(client)
  }

  const listen = (host: string, port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer((client) => relay(client, host, port))
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(server))
    })

  return {
    transport: {
      connect: async (options) => {
        const { host, port } = options
        const name = `${host}:${port}`
        let server = relays.get(name)
        if (server === undefined) relays.set(name, (server = listen(host, port)))
        const address = (await server).address() as AddressInfo
        return nodeTransport.connect({ ...options, host: '127.0.0.1', port: address.port })
      },
    },
    get cutCount() {
      return cutCount
    },
    calm: () => {
      isCalm = true
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      for (const server of await Promise.all(relays.values())) server.close()
    },
  }
}
