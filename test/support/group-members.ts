import { decodeAssignment } from '../../src/protocol/group-protocol.ts'
import { describeGroupsApi } from '../../src/protocol/messages/15-describe-groups.ts'
import { consumerGroupDescribeApi } from '../../src/protocol/messages/69-consumer-group-describe.ts'
import { withCluster } from './with-cluster.ts'

type Protocol = 'classic' | 'consumer'

/** What the coordinator of a group says about it. */
interface GroupShares {
  /** Whether all members have what they are to have. */
  readonly isStable: boolean
  /** How many partitions each member has. */
  readonly shares: readonly number[]
}

/** How the partitions of a group on a real cluster are shared, as its coordinator says. */
export async function describeShares(
  bootstrapServers: string,
  groupId: string,
  protocol: Protocol,
): Promise<GroupShares> {
  return withCluster(bootstrapServers, async (cluster) => {
    const coordinator = await cluster.coordinator('group', groupId, { timeoutMs: 30_000 })
    if (protocol === 'classic') {
      const { groups } = await coordinator.request('general', describeGroupsApi, { groups: [groupId] })
      const { errorCode, errorMessage, groupState, members } = groups[0]!
      throwIfFailed(groupId, errorCode, errorMessage)
      const shares = members.map(({ memberAssignment }) =>
        memberAssignment.length === 0 ? 0 : countPartitions(decodeAssignment(memberAssignment).assignedPartitions),
      )
      return { isStable: groupState === 'Stable', shares }
    }
    const { groups } = await coordinator.request('general', consumerGroupDescribeApi, { groupIds: [groupId] })
    const { errorCode, errorMessage, groupState, members } = groups[0]!
    throwIfFailed(groupId, errorCode, errorMessage)
    const shares = members.map(({ assignment }) => countPartitions(assignment.topicPartitions))
    return { isStable: groupState === 'Stable', shares }
  })
}

/** How many members a group of a real cluster has, as its coordinator says. */
export async function countMembers(bootstrapServers: string, groupId: string, protocol: Protocol): Promise<number> {
  return (await describeShares(bootstrapServers, groupId, protocol)).shares.length
}

function countPartitions(topics: readonly { readonly partitions: readonly number[] }[]): number {
  return topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
}

function throwIfFailed(groupId: string, errorCode: number, errorMessage: string | null): void {
  if (errorCode !== 0) throw new Error(`${groupId} cannot be described: ${errorCode} ${errorMessage}`)
}
