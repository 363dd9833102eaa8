import { createPartitionsApi } from '../../src/protocol/messages/37-create-partitions.ts'
import { withCluster } from './with-cluster.ts'

/** Gives a topic of a real cluster more partitions, up to so many in all. */
export async function growTopic(bootstrapServers: string, name: string, count: number): Promise<void> {
  const timeoutMs = 30_000
  const topics = [{ name, count, assignments: null }]
  const { results } = await withCluster(bootstrapServers, async (cluster) => {
    const controller = await cluster.controller({ timeoutMs })
    return controller.request('general', createPartitionsApi, { topics, timeoutMs, validateOnly: false })
  })
  const { errorCode, errorMessage } = results[0]!
  if (errorCode !== 0) throw new Error(`${name} cannot grow: ${errorCode} ${errorMessage}`)
}
