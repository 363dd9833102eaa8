import { describeGroupsApi } from '../../src/protocol/messages/15-describe-groups.ts'
import { consumerGroupDescribeApi } from '../../src/protocol/messages/69-consumer-group-describe.ts'
import { withCluster } from './with-cluster.ts'

/** How many members a group of a real cluster has, as its coordinator says. */
export async function countMembers(
  bootstrapServers: string,
  groupId: string,
  protocol: 'classic' | 'consumer',
): Promise<number> {
  const { groups } = await withCluster(bootstrapServers, async (cluster) => {
    const coordinator = await cluster.coordinator('group', groupId, { timeoutMs: 30_000 })
    return protocol === 'classic'
      ? coordinator.request('general', describeGroupsApi, { groups: [groupId] })
      : coordinator.request('general', consumerGroupDescribeApi, { groupIds: [groupId] })
  })
  const { errorCode, errorMessage, members } = groups[0]!
  if (errorCode !== 0) throw new Error(`${groupId} cannot be described: ${errorCode} ${errorMessage}`)
  return members.length
}
