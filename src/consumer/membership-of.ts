import type { Cluster } from '../network/cluster.ts'
import { ClassicGroup } from './classic-group.ts'
import { ConsumerGroup } from './consumer-group.ts'
import type { GroupCoordinator } from './coordinator.ts'
import type { GroupHost, Membership, MemberSettings } from './membership.ts'
import { type ConsumerSettings, resolveAssignors } from './options.ts'

/** A membership under the protocol that the options name. It joins at its first poll. */
export function membershipOf(
  cluster: Cluster,
  coordinator: GroupCoordinator,
  host: GroupHost,
  settings: ConsumerSettings<unknown, unknown>,
  shared: Pick<MemberSettings, 'requestTimeoutMs' | 'retryBackoff'>,
): Membership {
  const { groupInstanceId, clientRack, groupRemoteAssignor, maxPollIntervalMs, defaultApiTimeoutMs } = settings
  const member = { groupInstanceId, clientRack, maxPollIntervalMs, defaultApiTimeoutMs, ...shared }
  if (settings.groupProtocol === 'consumer') {
    return new ConsumerGroup(cluster, coordinator, host, { ...member, groupRemoteAssignor })
  }
  const { sessionTimeoutMs, heartbeatIntervalMs } = settings
  return new ClassicGroup(cluster, coordinator, host, {
    ...member,
    groupId: coordinator.groupId,
    sessionTimeoutMs,
    heartbeatIntervalMs,
    rebalanceTimeoutMs: maxPollIntervalMs,
    assignors: resolveAssignors(settings.assignors),
  })
}
