import { int16, int32, message, type Message } from '../schema.ts'

/** The key of a record in a control batch, after the int16 version that comes first. */
export interface ControlRecordTypeSchema {
  /**
   * 0 abort, 1 commit, 2 leader change, 3 snapshot header, 4 snapshot footer, 5 KRaft version, 6 voters; pass over any
   * other.
   */
  type: number
}

export const controlRecordTypeSchema: Message<ControlRecordTypeSchema> = message<ControlRecordTypeSchema>({
  name: 'ControlRecordTypeSchema',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { type: int16 },
})

/** The value of the control record that ends a transaction in a partition, after its int16 version (KIP-98). */
export interface EndTxnMarker {
  /** Rises when another broker becomes the transaction's coordinator: tells a late marker from a good one. */
  coordinatorEpoch: number
}

export const endTxnMarker: Message<EndTxnMarker> = message<EndTxnMarker>({
  name: 'EndTxnMarker',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { coordinatorEpoch: int32 },
})
