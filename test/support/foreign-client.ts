/** A record as the command-line clients can write and read it: text only, without tabs and line breaks. */
export interface TextRecord {
  key: string | null
  value: string | null
  headers: readonly (readonly [key: string, value: string | null])[]
}

/** A record read back, with its place in the topic. */
export interface ReadTextRecord extends TextRecord {
  partition: number
  offset: number
}

export interface ProduceOptions {
  bootstrapServers: string
  topic: string
  records: readonly TextRecord[]
  /** Default none. */
  compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
}

export interface ConsumeOptions {
  bootstrapServers: string
  topic: string
  /** Ends after this many records. */
  count: number
  /** Reads where this group has committed. Default: no group, from the beginning of the topic. */
  groupId?: string
}

/** A Kafka client that is not ours, driven by its command line. */
export interface ForeignClient {
  produce(options: ProduceOptions): Promise<void>
  consume(options: ConsumeOptions): Promise<ReadTextRecord[]>
}
