import { Cluster } from '../../src/network/cluster.ts'
import { nodeTransport } from '../../src/network/node.ts'

/** Connects to a real cluster for requests of all kinds, for as long as `use` takes. */
export async function withCluster<T>(bootstrapServers: string, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const servers = bootstrapServers.split(',').map((server) => {
    const [, host, port] = /^(.*):(\d+)$/.exec(server)!
    return { host: host!, port: Number(port) }
  })
  const cluster = new Cluster({ bootstrapServers: servers, transport: nodeTransport })
  try {
    return await use(cluster)
  } finally {
    await cluster.close()
  }
}
