import { int64, message, type Message } from '../schema.ts'

/**
 * An entry of a log segment's transaction index (`.txnindex`): 34 bytes with the int16 version that precedes it
 * (KIP-98).
 */
export interface AbortedTxn {
  producerId: bigint
  firstOffset: bigint
  /** Offset of the abort marker. */
  lastOffset: bigint
  /** First offset of the oldest transaction that was still open when this one was aborted. */
  lastStableOffset: bigint
}

export const abortedTxn: Message<AbortedTxn> = message<AbortedTxn>({
  name: 'AbortedTxn',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { producerId: int64, firstOffset: int64, lastOffset: int64, lastStableOffset: int64 },
})
