import { ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'

/** An offset to commit with a transaction: that of the next record to read. */
export interface OffsetToSend {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Leader epoch of the record before it, so that a truncated log is noticed (KIP-320). */
  readonly leaderEpoch?: number | undefined
  /** A note to find with the offset. */
  readonly metadata?: string | undefined
}

/** In whose name offsets are committed: the coordinator refuses them once the group has moved on (KIP-447). */
export interface SenderOfOffsets {
  readonly groupId: string
  /** Generation of a classic group or the member's epoch; -1 for a consumer that assigned its partitions itself. */
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** Offsets with who has read up to them: `consumer.groupMetadata()` as it was when the records were handed out. */
export interface TransactionOffsets {
  readonly groupMetadata: SenderOfOffsets
  readonly offsets: readonly OffsetToSend[]
}

/** A Consumer, as far as a transaction needs it. */
export interface OffsetSource {
  groupMetadata(): SenderOfOffsets
  /** What was handled; with `current`, the record in the loop's hand counts. Throws when partitions in hand have been lost. */
  handledOffsets(options: { current: boolean }): readonly OffsetToSend[]
}

/** The offsets that are to be sent, with their group. Throws ConfigError for what is neither a consumer nor offsets. */
export function resolveOffsets(given: OffsetSource | TransactionOffsets): TransactionOffsets {
  const source = given as Partial<OffsetSource & TransactionOffsets> | null | undefined
  if (typeof source?.groupMetadata === 'function' && typeof source.handledOffsets === 'function') {
    // At one moment, so that both are of the same generation.
    return { offsets: source.handledOffsets({ current: true }), groupMetadata: source.groupMetadata() }
  }
  const { groupMetadata, offsets } = (source ?? {}) as Partial<TransactionOffsets>
  if (typeof groupMetadata?.groupId !== 'string' || groupMetadata.groupId === '' || !Array.isArray(offsets)) {
    throw new ConfigError('offsets', `offsets must be a consumer or { groupMetadata, offsets }, not ${inspect(given)}`)
  }
  for (const each of offsets as readonly Partial<OffsetToSend>[]) {
    const { topic, partition, offset } = each ?? {}
    const isPartition = typeof topic === 'string' && topic !== '' && Number.isInteger(partition) && partition! >= 0
    if (!isPartition || !Number.isSafeInteger(offset) || offset! < 0) {
      throw new ConfigError('offsets', `an offset to send must be { topic, partition, offset }, not ${inspect(each)}`)
    }
  }
  return given as TransactionOffsets
}
