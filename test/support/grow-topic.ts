import { createPartitionsApi } from '../../src/protocol/messages/37-create-partitions.ts'
import { RawClient } from '../testing/raw-client.ts'

/** Gives a topic of a real cluster more partitions, up to so many in all. */
export async function growTopic(bootstrapServers: string, name: string, count: number): Promise<void> {
  const { hostname: host, port } = new URL(`kafka://${bootstrapServers.split(',')[0]!}`)
  const client = await RawClient.connect({ host, port: Number(port) })
  try {
    const topics = [{ name, count, assignments: null }]
    const { results } = await client.send(createPartitionsApi, 3, { topics, timeoutMs: 30_000, validateOnly: false })
    const { errorCode, errorMessage } = results[0]!
    if (errorCode !== 0) throw new Error(`${name} cannot grow: ${errorCode} ${errorMessage}`)
  } finally {
    client.close()
  }
}
