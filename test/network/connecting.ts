import type { ConnectionOptions } from '../../src/network/connection.ts'
import { Connection } from '../../src/network/connection.ts'
import { nodeTransport } from '../../src/network/node.ts'

/** Options of a connection to an address, with short timeouts only where a test gives them. */
export function connectionOptions(
  address: { host: string; port: number },
  options: Partial<ConnectionOptions> = {},
): ConnectionOptions {
  return {
    transport: nodeTransport,
    ...address,
    nodeId: 1,
    purpose: 'general',
    clientId: 'test',
    connectionTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    idleMs: 540_000,
    maxInFlight: 5,
    ...options,
  }
}

/** Opens a connection to an address. */
export function connect(
  address: { host: string; port: number },
  options: Partial<ConnectionOptions> = {},
): Promise<Connection> {
  return Connection.open(connectionOptions(address, options))
}
