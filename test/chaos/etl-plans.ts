import type { Incident, Sharing } from './etl-hop.ts'

/** How soon a group gives up a member that has died. */
const sessionTimeoutMs = 3000
const heartbeatIntervalMs = 300

/** The same for KIP-848 groups, where it is the cluster's to say. */
export const groupProperties: Readonly<Record<string, string>> = {
  'group.consumer.session.timeout.ms': String(sessionTimeoutMs),
  'group.consumer.heartbeat.interval.ms': String(heartbeatIntervalMs),
}

const classic = (['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const).map((name): Sharing => ({
  name,
  options: { assignors: [name], sessionTimeoutMs, heartbeatIntervalMs },
}))

const consumer = (['uniform', 'range'] as const).map((name): Sharing => ({
  name: `consumer-${name}`,
  options: { groupProtocol: 'consumer', groupRemoteAssignor: name },
}))

/** Each way to share partitions that there is. */
export const sharings: readonly Sharing[] = [...classic, ...consumer]

export const withoutKills: readonly Incident[] = ['join', 'leave', 'join', 'join', 'leave', 'leave', 'join', 'leave']

export const withKills: readonly Incident[] = ['join', 'kill', 'leave', 'join', 'kill', 'join', 'leave', 'kill']
