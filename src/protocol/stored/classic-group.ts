import { array, bytes, int32, int64, message, nullable, string, struct, type Message } from '../schema.ts'

/** Key of a group of the classic protocol in `__consumer_offsets`. */
export interface GroupMetadataKey {
  group: string
}

export const groupMetadataKey: Message<GroupMetadataKey> = message<GroupMetadataKey>({
  name: 'GroupMetadataKey',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { group: string },
})

/** A group of the classic protocol, as it was after a rebalance. */
export interface GroupMetadataValue {
  /** `consumer`, `connect` or what else the members agreed on; empty for a group that never had any. */
  protocolType: string
  generation: number
  /** The assignor that the members settled on; null when there are no members. */
  protocol: string | null
  /** Member id of the one that worked out the assignment; null when there are no members. */
  leader: string | null
  /** Milliseconds since the epoch of the last change of state; -1 when unknown. */
  currentStateTimestamp: bigint
  members: GroupMetadataMember[]
}

export interface GroupMetadataMember {
  memberId: string
  /** Null for a dynamic member (KIP-345). */
  groupInstanceId: string | null
  clientId: string
  /** Address that the member connected from. */
  clientHost: string
  /** Milliseconds that the member has to rejoin; -1 when unknown, the session timeout then counts. */
  rebalanceTimeout: number
  /** Milliseconds without a heartbeat after which the member is out. */
  sessionTimeout: number
  /** As the member sent it in JoinGroup: see group-protocol.ts for those of consumers. */
  subscription: Uint8Array
  /** As the member got it in SyncGroup. */
  assignment: Uint8Array
}

const member = struct<GroupMetadataMember>({
  memberId: string,
  groupInstanceId: nullable(string, 3).since(3).default(null).ignorable(),
  clientId: string,
  clientHost: string,
  rebalanceTimeout: int32.since(1).default(-1).ignorable(),
  sessionTimeout: int32,
  subscription: bytes,
  assignment: bytes,
})

export const groupMetadataValue: Message<GroupMetadataValue> = message<GroupMetadataValue>({
  name: 'GroupMetadataValue',
  apiKey: null,
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  fields: {
    protocolType: string,
    generation: int32,
    protocol: nullable(string),
    leader: nullable(string),
    currentStateTimestamp: int64.since(2).default(-1n).ignorable(),
    members: array(member),
  },
})
