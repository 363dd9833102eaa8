import { DecodeError } from '../errors.ts'
import { ByteReader } from './bytes/reader.ts'
import { ByteWriter } from './bytes/writer.ts'
import { array, bytes, type Encodable, int32, type Message, message, nullable, string, struct } from './schema.ts'

/**
 * What a consumer tells the leader of its classic group: the `metadata` of its protocols in JoinGroup.
 * Assignors that keep state of their own do so in `userData`.
 */
export interface ConsumerProtocolSubscription {
  topics: string[]
  /** Bytes whose meaning the assignor decides. */
  userData: Uint8Array | null
  /** Partitions that the member holds while it joins, for cooperative rebalancing (KIP-429). */
  ownedPartitions: ConsumerProtocolPartitions[]
  /** Generation in which the member got `ownedPartitions`; -1 when it was in none. */
  generationId: number
  /** Rack of the consumer, for assignors that keep reads within a rack (KIP-881). */
  rackId: string | null
}

/** Partitions of one topic. */
export interface ConsumerProtocolPartitions {
  topic: string
  partitions: number[]
}

/** What the leader of a classic group assigns to one consumer: the `assignment` in SyncGroup. */
export interface ConsumerProtocolAssignment {
  assignedPartitions: ConsumerProtocolPartitions[]
  /** Bytes whose meaning the assignor decides. */
  userData: Uint8Array | null
}

const partitions = struct<ConsumerProtocolPartitions>({ topic: string, partitions: array(int32) })

export const consumerProtocolSubscription: Message<ConsumerProtocolSubscription> =
  message<ConsumerProtocolSubscription>({
    name: 'ConsumerProtocolSubscription',
    apiKey: null,
    versions: { min: 0, max: 3 },
    flexibleFrom: null,
    fields: {
      topics: array(string),
      userData: nullable(bytes).default(null),
      ownedPartitions: array(partitions).since(1).ignorable(),
      generationId: int32.since(2).default(-1).ignorable(),
      rackId: nullable(string, 3).since(3).default(null).ignorable(),
    },
  })

export const consumerProtocolAssignment: Message<ConsumerProtocolAssignment> = message<ConsumerProtocolAssignment>({
  name: 'ConsumerProtocolAssignment',
  apiKey: null,
  versions: { min: 0, max: 3 },
  flexibleFrom: null,
  fields: {
    assignedPartitions: array(partitions),
    userData: nullable(bytes).default(null),
  },
})

/** A subscription behind its int16 version, as JoinGroup carries it. */
export function encodeSubscription(subscription: Encodable<ConsumerProtocolSubscription>, version = 3): Uint8Array {
  return encodeVersioned(consumerProtocolSubscription, subscription, version)
}

/** Reads a subscription of any version. Throws DecodeError. */
export function decodeSubscription(data: Uint8Array): ConsumerProtocolSubscription {
  return decodeVersioned(consumerProtocolSubscription, data)
}

/** An assignment behind its int16 version, as SyncGroup carries it. */
export function encodeAssignment(assignment: Encodable<ConsumerProtocolAssignment>, version = 3): Uint8Array {
  return encodeVersioned(consumerProtocolAssignment, assignment, version)
}

/**
 * Reads an assignment of any version. Empty bytes, which a member that gets nothing may see, are no partitions. Throws
 * DecodeError.
 */
export function decodeAssignment(data: Uint8Array): ConsumerProtocolAssignment {
  if (data.length === 0) return { assignedPartitions: [], userData: null }
  return decodeVersioned(consumerProtocolAssignment, data)
}

function encodeVersioned<T extends object>(of: Message<T>, value: Encodable<NoInfer<T>>, version: number): Uint8Array {
  const writer = new ByteWriter()
  writer.int16(version)
  of.write(writer, value, version)
  return writer.finish()
}

/**
 * Versions above the newest known only add fields at the end, so they are read as the newest and the rest is skipped
 * (Java: ConsumerProtocol).
 */
function decodeVersioned<T extends object>(of: Message<T>, data: Uint8Array): T {
  const reader = new ByteReader(data)
  const version = reader.int16()
  if (version < 0) throw new DecodeError(`version ${version} is negative`, { offset: 0, path: of.name })
  return of.read(reader, Math.min(version, of.versions.max))
}
