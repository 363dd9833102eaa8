import { DecodeError } from '../errors.ts'
import { ByteReader } from './bytes/reader.ts'
import type { ConsumerProtocolPartitions } from './group-protocol.ts'
import { array, type Encodable, int32, type Message, message, string, struct } from './schema.ts'

/**
 * What a member with the sticky assignor had before the rebalance: the `userData` of its subscription
 * (Java: StickyAssignor.serializeTopicPartitionAssignment).
 */
export interface StickyUserData {
  previousAssignment: ConsumerProtocolPartitions[]
  /** Generation in which the member got them; -1 when unknown. Absent from version 0. */
  generation: number
}

/** What a member with the cooperative sticky assignor says of itself; the partitions are in the subscription already. */
export interface CooperativeStickyUserData {
  /** Generation in which the member got its partitions; -1 when it was in none. */
  generation: number
}

const partitions = struct<ConsumerProtocolPartitions>({ topic: string, partitions: array(int32) })

export const stickyUserData: Message<StickyUserData> = message<StickyUserData>({
  name: 'StickyUserData',
  apiKey: null,
  versions: { min: 0, max: 1 },
  flexibleFrom: null,
  fields: { previousAssignment: array(partitions), generation: int32.since(1).default(-1).ignorable() },
})

export const cooperativeStickyUserData: Message<CooperativeStickyUserData> = message<CooperativeStickyUserData>({
  name: 'CooperativeStickyUserData',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { generation: int32.default(-1) },
})

/** User data of a member with the sticky assignor. No version precedes it. */
export function encodeStickyUserData(data: Encodable<StickyUserData>, version = 1): Uint8Array {
  return stickyUserData.encode(data, version)
}

/**
 * Reads user data of either version. Nothing in the bytes tells which one it is: version 1 is version 0 with four bytes
 * more, and whatever follows them is skipped, as Java does. Throws DecodeError.
 */
export function decodeStickyUserData(bytes: Uint8Array): StickyUserData {
  try {
    return stickyUserData.read(new ByteReader(bytes), 1)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return stickyUserData.read(new ByteReader(bytes), 0)
  }
}

/** User data of a member with the cooperative sticky assignor. No version precedes it. */
export function encodeCooperativeStickyUserData(data: Encodable<CooperativeStickyUserData>): Uint8Array {
  return cooperativeStickyUserData.encode(data, 0)
}

/** Reads user data of a member with the cooperative sticky assignor; bytes after it are skipped. Throws DecodeError. */
export function decodeCooperativeStickyUserData(bytes: Uint8Array): CooperativeStickyUserData {
  return cooperativeStickyUserData.read(new ByteReader(bytes), 0)
}
