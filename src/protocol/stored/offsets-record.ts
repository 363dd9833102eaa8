import type { Message } from '../schema.ts'
import {
  groupMetadataKey,
  groupMetadataValue,
  type GroupMetadataKey,
  type GroupMetadataValue,
} from './classic-group.ts'
import * as consumer from './consumer-group.ts'
import { groupKey, groupMemberKey, type GroupKey, type GroupMemberKey } from './group-keys.ts'
import { offsetCommitKey, offsetCommitValue, type OffsetCommitKey, type OffsetCommitValue } from './offset-commit.ts'
import * as share from './share-group.ts'
import * as streams from './streams-group.ts'
import { streamsGroupTopologyValue, type StreamsGroupTopologyValue } from './streams-topology.ts'
import {
  decodeAfterPrefix,
  decodeVersioned,
  readPrefix,
  type Readable,
  type StoredRecord,
  type UnknownStoredRecord,
} from './versioned.ts'

/** A record of `__consumer_offsets` of a type that Kafka 4.4 has. */
export type KnownOffsetsRecord =
  | StoredRecord<'offset-commit', OffsetCommitKey, OffsetCommitValue>
  | StoredRecord<'group-metadata', GroupMetadataKey, GroupMetadataValue>
  | StoredRecord<'consumer-group-metadata', GroupKey, consumer.ConsumerGroupMetadataValue>
  | StoredRecord<'consumer-group-partition-metadata', GroupKey, consumer.ConsumerGroupPartitionMetadataValue>
  | StoredRecord<'consumer-group-member-metadata', GroupMemberKey, consumer.ConsumerGroupMemberMetadataValue>
  | StoredRecord<
      'consumer-group-target-assignment-metadata',
      GroupKey,
      consumer.ConsumerGroupTargetAssignmentMetadataValue
    >
  | StoredRecord<
      'consumer-group-target-assignment-member',
      GroupMemberKey,
      consumer.ConsumerGroupTargetAssignmentMemberValue
    >
  | StoredRecord<
      'consumer-group-current-member-assignment',
      GroupMemberKey,
      consumer.ConsumerGroupCurrentMemberAssignmentValue
    >
  | StoredRecord<
      'consumer-group-regular-expression',
      consumer.ConsumerGroupRegularExpressionKey,
      consumer.ConsumerGroupRegularExpressionValue
    >
  | StoredRecord<'share-group-member-metadata', GroupMemberKey, share.ShareGroupMemberMetadataValue>
  | StoredRecord<'share-group-metadata', GroupKey, share.ShareGroupMetadataValue>
  | StoredRecord<'share-group-target-assignment-metadata', GroupKey, share.ShareGroupTargetAssignmentMetadataValue>
  | StoredRecord<'share-group-target-assignment-member', GroupMemberKey, share.ShareGroupTargetAssignmentMemberValue>
  | StoredRecord<'share-group-current-member-assignment', GroupMemberKey, share.ShareGroupCurrentMemberAssignmentValue>
  | StoredRecord<'share-group-state-partition-metadata', GroupKey, share.ShareGroupStatePartitionMetadataValue>
  | StoredRecord<'streams-group-metadata', GroupKey, streams.StreamsGroupMetadataValue>
  | StoredRecord<'streams-group-member-metadata', GroupMemberKey, streams.StreamsGroupMemberMetadataValue>
  | StoredRecord<
      'streams-group-target-assignment-metadata',
      GroupKey,
      streams.StreamsGroupTargetAssignmentMetadataValue
    >
  | StoredRecord<
      'streams-group-target-assignment-member',
      GroupMemberKey,
      streams.StreamsGroupTargetAssignmentMemberValue
    >
  | StoredRecord<
      'streams-group-current-member-assignment',
      GroupMemberKey,
      streams.StreamsGroupCurrentMemberAssignmentValue
    >
  | StoredRecord<'streams-group-topology', GroupKey, StreamsGroupTopologyValue>

/** A record of `__consumer_offsets`: `kind` tells what `key` and `value` are. */
export type OffsetsRecord = KnownOffsetsRecord | UnknownStoredRecord

/** One kind of record: the int16 that its keys begin with, and the messages that follow there and in its values. */
type Schemas = {
  readonly [R in KnownOffsetsRecord as R['kind']]: {
    /** More than one where an older type is laid out alike. */
    readonly types: readonly number[]
    readonly key: Message<R['key']>
    readonly value: Message<NonNullable<R['value']>>
  }
}

/** By Java's CoordinatorRecordType; 9 and 18 were given up before their release. */
const schemas: Schemas = {
  // Only the oldest brokers wrote type 0, with values of version 0.
  'offset-commit': { types: [0, 1], key: offsetCommitKey, value: offsetCommitValue },
  'group-metadata': { types: [2], key: groupMetadataKey, value: groupMetadataValue },
  'consumer-group-metadata': { types: [3], key: groupKey, value: consumer.consumerGroupMetadataValue },
  'consumer-group-partition-metadata': {
    types: [4],
    key: groupKey,
    value: consumer.consumerGroupPartitionMetadataValue,
  },
  'consumer-group-member-metadata': {
    types: [5],
    key: groupMemberKey,
    value: consumer.consumerGroupMemberMetadataValue,
  },
  'consumer-group-target-assignment-metadata': {
    types: [6],
    key: groupKey,
    value: consumer.consumerGroupTargetAssignmentMetadataValue,
  },
  'consumer-group-target-assignment-member': {
    types: [7],
    key: groupMemberKey,
    value: consumer.consumerGroupTargetAssignmentMemberValue,
  },
  'consumer-group-current-member-assignment': {
    types: [8],
    key: groupMemberKey,
    value: consumer.consumerGroupCurrentMemberAssignmentValue,
  },
  'consumer-group-regular-expression': {
    types: [16],
    key: consumer.consumerGroupRegularExpressionKey,
    value: consumer.consumerGroupRegularExpressionValue,
  },
  'share-group-member-metadata': { types: [10], key: groupMemberKey, value: share.shareGroupMemberMetadataValue },
  'share-group-metadata': { types: [11], key: groupKey, value: share.shareGroupMetadataValue },
  'share-group-target-assignment-metadata': {
    types: [12],
    key: groupKey,
    value: share.shareGroupTargetAssignmentMetadataValue,
  },
  'share-group-target-assignment-member': {
    types: [13],
    key: groupMemberKey,
    value: share.shareGroupTargetAssignmentMemberValue,
  },
  'share-group-current-member-assignment': {
    types: [14],
    key: groupMemberKey,
    value: share.shareGroupCurrentMemberAssignmentValue,
  },
  'share-group-state-partition-metadata': {
    types: [15],
    key: groupKey,
    value: share.shareGroupStatePartitionMetadataValue,
  },
  'streams-group-metadata': { types: [17], key: groupKey, value: streams.streamsGroupMetadataValue },
  'streams-group-member-metadata': { types: [19], key: groupMemberKey, value: streams.streamsGroupMemberMetadataValue },
  'streams-group-target-assignment-metadata': {
    types: [20],
    key: groupKey,
    value: streams.streamsGroupTargetAssignmentMetadataValue,
  },
  'streams-group-target-assignment-member': {
    types: [21],
    key: groupMemberKey,
    value: streams.streamsGroupTargetAssignmentMemberValue,
  },
  'streams-group-current-member-assignment': {
    types: [22],
    key: groupMemberKey,
    value: streams.streamsGroupCurrentMemberAssignmentValue,
  },
  'streams-group-topology': { types: [23], key: groupKey, value: streamsGroupTopologyValue },
}

interface Layout {
  readonly kind: string
  readonly key: Readable<object>
  readonly value: Readable<object>
}

const layouts: ReadonlyMap<number, Layout> = new Map(
  Object.entries(schemas).flatMap(([kind, { types, key, value }]) =>
    types.map((type): [number, Layout] => [type, { kind, key, value }]),
  ),
)

/**
 * Reads a record of `__consumer_offsets`. A key of a type that is not known gives `kind: 'unknown'` and the bytes,
 * since brokers add types; a null value is a tombstone. Throws DecodeError, and UnsupportedVersionError for a value of
 * an unknown version.
 */
export function decodeOffsetsRecord(key: Uint8Array, value: Uint8Array | null): OffsetsRecord {
  const type = readPrefix(key, 'OffsetsRecord.key')
  const layout = layouts.get(type)
  if (layout === undefined) return { kind: 'unknown', type, key, value }
  // The table above is checked kind by kind against the union; going through the map loses which kind it is.
  return {
    kind: layout.kind,
    // Of keys there is one version: the int16 that would be it has become the type.
    key: decodeAfterPrefix(layout.key, key, 0),
    value: value === null ? null : decodeVersioned(layout.value, value),
  } as KnownOffsetsRecord
}
