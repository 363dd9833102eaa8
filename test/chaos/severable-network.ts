import { ConnectionError } from '../../src/errors.ts'
import { nodeTransport } from '../../src/network/node.ts'
import type { Transport, TransportSocket } from '../../src/network/transport.ts'

/** A network of one client's own, to be taken away as when its process is killed: brokers see sockets close and hear nothing more. */
export interface SeverableNetwork {
  readonly transport: Transport
  /** Closes every connection at once, and lets none be made any more. */
  sever(): void
}

export function severableNetwork(): SeverableNetwork {
  const sockets = new Set<TransportSocket>()
  let isSevered = false
  return {
    transport: {
      connect: async (options) => {
        const refuse = (): never => {
          throw new ConnectionError('the network is gone', options)
        }
        if (isSevered) refuse()
        const { handlers } = options
        const socket: TransportSocket = await nodeTransport.connect({
          ...options,
          handlers: {
            ...handlers,
            data: (chunk) => handlers.data(chunk),
            drain: () => handlers.drain(),
            close: (error) => {
              sockets.delete(socket)
              handlers.close(error)
            },
          },
        })
        if (isSevered) {
          socket.destroy()
          refuse()
        }
        sockets.add(socket)
        return socket
      },
    },
    sever: () => {
      isSevered = true
      for (const socket of sockets) socket.destroy()
    },
  }
}
