/**
 * Topic settings of Kafka 4.4 that a client may give, with their defaults. Those that the broker obeys are in
 * TopicConfig.
 */
const DEFAULTS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.gzip.level': '-1',
  'compression.lz4.level': '9',
  'compression.type': 'producer',
  'compression.zstd.level': '3',
  'delete.retention.ms': '86400000',
  'errors.deadletterqueue.group.enable': 'false',
  'file.delete.delay.ms': '60000',
  'flush.messages': '9223372036854775807',
  'flush.ms': '9223372036854775807',
  'follower.replication.throttled.replicas': '',
  'index.interval.bytes': '4096',
  'leader.replication.throttled.replicas': '',
  'local.retention.bytes': '-2',
  'local.retention.ms': '-2',
  'max.compaction.lag.ms': '9223372036854775807',
  'max.decompressed.message.bytes': '2147483639',
  'max.message.bytes': '1048588',
  'message.timestamp.after.max.ms': '3600000',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'message.timestamp.type': 'CreateTime',
  'min.cleanable.dirty.ratio': '0.5',
  'min.compaction.lag.ms': '0',
  'min.insync.replicas': '1',
  preallocate: 'false',
  'remote.copy.lag.bytes': '-1',
  'remote.copy.lag.ms': '0',
  'remote.log.copy.disable': 'false',
  'remote.log.delete.on.disable': 'false',
  'remote.storage.enable': 'false',
  'retention.bytes': '-1',
  'retention.ms': '604800000',
  'segment.bytes': '1073741824',
  'segment.index.bytes': '10485760',
  'segment.jitter.ms': '0',
  'segment.ms': '604800000',
  'unclean.leader.election.enable': 'false',
}

/** What a setting may be, where that is more than a number or text. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  'cleanup.policy': ['compact', 'delete'],
  'compression.type': ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
  'message.timestamp.type': ['CreateTime', 'LogAppendTime'],
}

/** One effective setting of a topic. */
export interface ConfigEntry {
  name: string
  value: string
  isDefault: boolean
}

/** The settings of one topic: those given over Kafka's defaults. */
export class TopicConfig {
  readonly #given: ReadonlyMap<string, string>
  /** Largest batch in bytes that a producer may write. */
  readonly maxMessageBytes: number
  /** Whether the broker stamps records as it appends them. */
  readonly isLogAppendTime: boolean
  /** Whether every record needs a key. */
  readonly isCompacted: boolean
  /** How far into the future a record's timestamp may be, in milliseconds. */
  readonly timestampAfterMaxMs: number
  /** How far into the past a record's timestamp may be, in milliseconds. */
  readonly timestampBeforeMaxMs: number
  /** Fewest replicas in sync for a write with acks=-1. */
  readonly minInsyncReplicas: number

  /** @param given - settings that `configFault` finds nothing wrong with. */
  constructor(given: Readonly<Record<string, string>>, maxMessageBytes: number) {
    this.#given = new Map(Object.entries(given))
    const value = (name: string): string => this.#given.get(name) ?? DEFAULTS[name]!
    this.maxMessageBytes = Number(this.#given.get('max.message.bytes') ?? maxMessageBytes)
    this.isLogAppendTime = value('message.timestamp.type') === 'LogAppendTime'
    this.isCompacted = value('cleanup.policy').includes('compact')
    this.timestampAfterMaxMs = Number(value('message.timestamp.after.max.ms'))
    this.timestampBeforeMaxMs = Number(value('message.timestamp.before.max.ms'))
    this.minInsyncReplicas = Number(value('min.insync.replicas'))
  }

  /** All settings in the order of their names. */
  entries(): ConfigEntry[] {
    return Object.entries(DEFAULTS).map(([name, fallback]) => {
      const given = this.#given.get(name)
      const own = name === 'max.message.bytes' ? String(this.maxMessageBytes) : fallback
      return { name, value: given ?? own, isDefault: given === undefined }
    })
  }
}

/** What is wrong with a setting, as a sentence; undefined when nothing is. */
export function configFault(name: string, value: string): string | undefined {
  const fallback = DEFAULTS[name]
  if (fallback === undefined) return `Unknown topic config name: ${name}`
  const choices = CHOICES[name]
  const invalid = `Invalid value ${value} for configuration ${name}`
  if (choices !== undefined) {
    const values = name === 'cleanup.policy' ? value.split(',').map((part) => part.trim()) : [value]
    return values.every((part) => choices.includes(part)) ? undefined : `${invalid}: it must be ${choices.join(', ')}`
  }
  if (fallback === 'true' || fallback === 'false') {
    return /^(?:true|false)$/i.test(value) ? undefined : `${invalid}: it must be true or false`
  }
  if (fallback === '' || /^-?\d+(?:\.\d+)?$/.test(value.trim())) return undefined
  return `${invalid}: it must be a number`
}
