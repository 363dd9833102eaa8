import type { ClusterState } from '../state/cluster-state.ts'

/** Where a node can be reached, as Produce and Fetch tell it besides a new leader (KIP-951). */
export interface NodeEndpoint {
  nodeId: number
  host: string
  port: number
  rack: string | null
}

/** The addresses of the nodes with these ids. */
export function endpointsOf(cluster: ClusterState, nodeIds: Iterable<number>): NodeEndpoint[] {
  return [...nodeIds].flatMap((nodeId) => {
    const node = cluster.node(nodeId)
    return node === undefined ? [] : [{ nodeId, host: node.host, port: node.port, rack: null }]
  })
}
