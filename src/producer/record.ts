import { ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { HeadersInput } from '../serdes.ts'

/** A record to be sent. */
export interface ProducerRecord<K, V> {
  topic: string
  /** Decides the partition, and under compaction which record replaces which. Default null. */
  key?: K | null | undefined
  /** null makes a tombstone: under compaction it deletes the key. */
  value: V | null
  headers?: HeadersInput | undefined
  /** Default: the partitioner's choice. */
  partition?: number | undefined
  /** Milliseconds since the epoch. Default: now. */
  timestamp?: number | undefined
}

/** Where a record ended up. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** -1 when the broker did not say: acks 0, or a retry of a batch it had already. */
  readonly offset: number
  /** Milliseconds since the epoch: the record's own, or the broker's for topics that store the time of appending. */
  readonly timestamp: number
}

/** Throws ConfigError unless the record has a shape that can be sent. Key, value and headers are checked as they are written. */
export function checkRecord(record: ProducerRecord<unknown, unknown>): void {
  if (typeof record !== 'object' || record === null) {
    throw new ConfigError('record', `a record must be an object with topic and value, not ${inspect(record)}`)
  }
  const { topic, value, partition, timestamp } = record
  if (typeof topic !== 'string' || topic === '')
    throw new ConfigError('topic', `a record's topic must be a name, not ${inspect(topic)}`)
  if (value === undefined)
    throw new ConfigError('value', `the record for ${topic} has no value: null makes a tombstone`)
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
    throw new ConfigError('partition', `partition must be a whole number from 0, not ${inspect(partition)}`)
  }
  if (timestamp !== undefined && !(Number.isSafeInteger(timestamp) && timestamp >= 0)) {
    throw new ConfigError('timestamp', `timestamp must be milliseconds since the epoch, not ${inspect(timestamp)}`)
  }
}
