import {
  callback,
  checked,
  type Defined,
  flag,
  implementing,
  integer,
  milliseconds,
  type OptionTable,
  oneOf,
  resolveOptions,
  text,
} from '../config.ts'
import { ConfigError, type RecordError } from '../errors.ts'
import type { Deserializer } from '../serdes.ts'
import type { Assignor } from './assignors/assignor.ts'
import { cooperativeStickyAssignor } from './assignors/cooperative-sticky.ts'
import { rangeAssignor } from './assignors/range.ts'
import { roundRobinAssignor } from './assignors/round-robin.ts'
import { stickyAssignor } from './assignors/sticky.ts'
import type { ConsumerHooks } from './hooks.ts'
import type { GroupMembership } from './membership.ts'
import { type AutoOffsetReset, resetDurationMs } from './offset-reset.ts'
import type { ConsumerRecord } from './record.ts'
import { isPattern, type Topics, topicsFault } from './subscription.ts'
import type { TopicPartition } from './topic-partition.ts'

export type { AutoOffsetReset } from './offset-reset.ts'

/** A record whose key or value the deserializer refused: its bytes as they are, and why. */
export interface UnreadableRecord extends ConsumerRecord {
  readonly error: RecordError
}

/** What to do with a record whose key or value cannot be read: stop the loop, leave it out, or hand it to a function and go on when that has returned. */
export type UnreadablePolicy = 'throw' | 'skip' | ((record: UnreadableRecord) => void | Promise<void>)

/** `read_committed` leaves out records of transactions that are open or were aborted. */
export type IsolationLevel = 'read_uncommitted' | 'read_committed'

/** Told of partitions that come and go. It is awaited: the rebalance goes on when it settles. What it throws reaches the loop. */
export type RebalanceListener = (partitions: readonly TopicPartition[]) => void | Promise<void>

/** An assignor that comes with kafkawire. */
export type BuiltInAssignor = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky'

/** A built-in assignor's name, or one of your own. */
export type AssignorOption = BuiltInAssignor | Assignor

const BUILT_IN_ASSIGNORS: Readonly<Record<BuiltInAssignor, Assignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  sticky: stickyAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
}

/** How members and coordinator share partitions: by JoinGroup and its like, or by ConsumerGroupHeartbeat (KIP-848). */
export type GroupProtocol = 'classic' | 'consumer'

/** An assignor of the coordinator: one of Kafka's, or what the cluster was given (group.consumer.assignors). */
export type RemoteAssignor = 'uniform' | 'range' | (string & {})

/** Options of a consumer; the defaults are those of Java's client. */
export interface ConsumerOptions<K = Uint8Array | null, V = Uint8Array | null> {
  /** The group to share the partitions of topics with, and to commit offsets for. Only `assign()` goes without. Java: group.id. */
  readonly groupId?: string | undefined
  /** Topics to subscribe to: names, a RegExp, or a pattern; `subscribe()` does the same later. */
  readonly topics?: Topics | undefined
  /**
   * `consumer` is the protocol of KIP-848, for clusters of Kafka 4.0 or later (`group.version` 1): the coordinator deals partitions out,
   * and rebalances stop nobody who is not concerned. A group can change over member by member, either way. Default `classic`.
   * Java: group.protocol.
   */
  readonly groupProtocol?: GroupProtocol | undefined
  /** The coordinator's assignor to use under `groupProtocol: 'consumer'`. Default: its own choice, `uniform`. Java: group.remote.assignor. */
  readonly groupRemoteAssignor?: RemoteAssignor | undefined
  /** Reads keys. Default: bytes as they are. */
  readonly key?: Deserializer<K> | undefined
  /** Reads values. Default: bytes as they are. */
  readonly value?: Deserializer<V> | undefined
  /**
   * What to do with a record whose key or value its deserializer throws at. A function gets the bytes, for instance to send them to a
   * dead-letter topic; the record counts as handled when it returns, and is read again when it throws. Default `throw`.
   */
  readonly onUnreadable?: UnreadablePolicy | undefined
  /** Default `latest`. Java: auto.offset.reset. */
  readonly autoOffsetReset?: AutoOffsetReset | undefined
  /**
   * Whether handled offsets are committed every `autoCommitIntervalMs`, before partitions are handed on, and on close.
   * Default true when there is a group. Java: enable.auto.commit.
   */
  readonly autoCommit?: boolean | undefined
  /** Default 5,000. Java: auto.commit.interval.ms. */
  readonly autoCommitIntervalMs?: number | undefined
  /**
   * The group drops a member that it has not heard from for so long. Default 45,000; under `groupProtocol: 'consumer'` it is set
   * at the cluster. Java: session.timeout.ms.
   */
  readonly sessionTimeoutMs?: number | undefined
  /**
   * Default 3,000; must be below `sessionTimeoutMs`, better a third of it. Under `groupProtocol: 'consumer'` it is set at the cluster.
   * Java: heartbeat.interval.ms.
   */
  readonly heartbeatIntervalMs?: number | undefined
  /**
   * Longest time between two requests for a record. A member that takes longer leaves the group, and other members wait no
   * longer for it in a rebalance. Default 300,000. Java: max.poll.interval.ms.
   */
  readonly maxPollIntervalMs?: number | undefined
  /** Most records of one batch of `batches()`. Default 500. Java: max.poll.records. */
  readonly maxPollRecords?: number | undefined
  /** Makes this a static member, which keeps its partitions over a restart within `sessionTimeoutMs` (KIP-345). Java: group.instance.id. */
  readonly groupInstanceId?: string | undefined
  /**
   * How partitions are dealt out, the most wanted first. Members with `['cooperative-sticky']`, or only cooperative assignors of
   * their own, keep reading while the group rebalances. Default `['range']`. Java: partition.assignment.strategy.
   */
  readonly assignors?: readonly AssignorOption[] | undefined
  /** Rack of this client: to read from a replica nearby (KIP-392), and for assignors that match racks. Java: client.rack. */
  readonly clientRack?: string | undefined
  /** Default `read_uncommitted`. Java: isolation.level. */
  readonly isolationLevel?: IsolationLevel | undefined
  /** A broker with fewer bytes than this waits for more, at most `fetchMaxWaitMs`. Default 1. Java: fetch.min.bytes. */
  readonly fetchMinBytes?: number | undefined
  /** Default 500. Java: fetch.max.wait.ms. */
  readonly fetchMaxWaitMs?: number | undefined
  /**
   * Most bytes that are fetched ahead of the loop, of all partitions that are not paused; a single larger batch still comes
   * through. Default 52,428,800. Java: fetch.max.bytes.
   */
  readonly fetchMaxBytes?: number | undefined
  /**
   * Most bytes of one partition in one response; up to two such responses are held ahead of the loop.
   * Default 1,048,576. Java: max.partition.fetch.bytes.
   */
  readonly maxPartitionFetchBytes?: number | undefined
  /** Whether checksums are verified. Default true. Java: check.crcs. */
  readonly checkCrcs?: boolean | undefined
  /** Longest duration of a call that names no deadline of its own. Default 60,000. Java: default.api.timeout.ms. */
  readonly defaultApiTimeoutMs?: number | undefined
  /**
   * How long a partition that has records may stand still before `stalled` is told; 0 for never. Looked at only while somebody listens.
   * Default 60,000.
   */
  readonly stallTimeoutMs?: number | undefined
  /** Callbacks for logs and metrics. */
  readonly hooks?: ConsumerHooks | undefined
  /** Partitions came in, besides those there were under a cooperative assignor; it may `seek()` in them. */
  readonly onAssigned?: RebalanceListener | undefined
  /**
   * Partitions are about to be handed on. What was handled is committed already with `autoCommit`, and can be committed
   * here without.
   */
  readonly onRevoked?: RebalanceListener | undefined
  /** Partitions went to other members already: nothing can be committed for them any more. */
  readonly onLost?: RebalanceListener | undefined
}

/** How a consumer is closed (Java: CloseOptions, KIP-1092). */
export interface ConsumerCloseOptions {
  /** Longest time for all of it, when brokers do not answer. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /**
   * Whether the member leaves its group, so that others get its partitions at once, or remains in it for as long as a session lasts, so that nothing moves.
   * By default it leaves, and with a `groupInstanceId` remains. Without one nobody can take the place up again: its partitions rest until the session is over.
   */
  readonly groupMembership?: GroupMembership | undefined
}

/** Options that have no default. */
type Optional =
  | 'groupId'
  | 'groupRemoteAssignor'
  | 'topics'
  | 'key'
  | 'value'
  | 'groupInstanceId'
  | 'clientRack'
  | 'onAssigned'
  | 'onRevoked'
  | 'onLost'
  | 'hooks'

/** Options with their defaults in place. */
export interface ConsumerSettings<K, V>
  extends Defined<Omit<ConsumerOptions<K, V>, Optional>>, Pick<ConsumerOptions<K, V>, Optional> {}

const CONSUMER_OPTIONS: OptionTable<ConsumerOptions<unknown, unknown>> = {
  groupId: text(),
  topics: checked<Topics | undefined>(undefined, topicsFault),
  groupProtocol: oneOf<GroupProtocol>('classic', ['classic', 'consumer']),
  groupRemoteAssignor: text(),
  key: implementing<Deserializer<unknown>>('deserialize'),
  value: implementing<Deserializer<unknown>>('deserialize'),
  onUnreadable: checked<UnreadablePolicy | undefined>('throw', (value) =>
    value === 'throw' || value === 'skip' || typeof value === 'function' ? undefined : 'throw, skip or a function',
  ),
  autoOffsetReset: checked<AutoOffsetReset | undefined>('latest', (value) =>
    ['latest', 'earliest', 'none'].includes(value as string) || resetDurationMs(String(value)) !== undefined
      ? undefined
      : 'one of latest, earliest, none, or by_duration: and a duration such as PT1H',
  ),
  autoCommit: flag(true),
  autoCommitIntervalMs: milliseconds(5_000, { min: 1 }),
  sessionTimeoutMs: milliseconds(45_000, { min: 1 }),
  heartbeatIntervalMs: milliseconds(3_000, { min: 1 }),
  maxPollIntervalMs: milliseconds(300_000, { min: 1 }),
  maxPollRecords: integer(500, { min: 1 }),
  groupInstanceId: text(),
  assignors: checked<readonly AssignorOption[] | undefined>(['range'], (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isAssignor)
      ? undefined
      : `a list of assignors: ${Object.keys(BUILT_IN_ASSIGNORS).join(', ')} or objects with name and assign`,
  ),
  clientRack: text(),
  isolationLevel: oneOf<IsolationLevel>('read_uncommitted', ['read_uncommitted', 'read_committed']),
  fetchMinBytes: integer(1, { max: 0x7fffffff }),
  fetchMaxWaitMs: milliseconds(500),
  fetchMaxBytes: integer(52_428_800, { min: 1, max: 0x7fffffff }),
  maxPartitionFetchBytes: integer(1_048_576, { min: 1, max: 0x7fffffff }),
  checkCrcs: flag(true),
  defaultApiTimeoutMs: milliseconds(60_000, { min: 1 }),
  stallTimeoutMs: milliseconds(60_000),
  hooks: implementing<ConsumerHooks>(),
  onAssigned: callback<RebalanceListener>(),
  onRevoked: callback<RebalanceListener>(),
  onLost: callback<RebalanceListener>(),
}

function isAssignor(value: unknown): boolean {
  if (typeof value === 'string') return Object.hasOwn(BUILT_IN_ASSIGNORS, value)
  const { name, assign } = (value ?? {}) as Partial<Assignor>
  return typeof name === 'string' && name !== '' && typeof assign === 'function'
}

/** Checks a consumer's options and gives each its default. Throws ConfigError, also for options that contradict each other. */
export function consumerSettings<K, V>(given: ConsumerOptions<K, V>): ConsumerSettings<K, V> {
  const settings = resolveOptions<ConsumerOptions<unknown, unknown>>(
    'consumer',
    CONSUMER_OPTIONS,
    given,
  ) as ConsumerSettings<K, V>
  const { groupId, heartbeatIntervalMs, sessionTimeoutMs, assignors, topics, groupProtocol } = settings
  checkProtocol(given, groupProtocol)
  if (topics !== undefined) checkPattern(topics, groupProtocol)
  if (groupId === undefined) {
    for (const name of ['topics', 'groupInstanceId'] as const) {
      if (settings[name] !== undefined)
        throw new ConfigError(name, `${name} needs a groupId: name one, or assign() partitions`)
    }
    if (given.autoCommit === true) {
      throw new ConfigError('autoCommit', 'autoCommit needs a groupId to commit for: name one, or leave autoCommit out')
    }
  }
  if (heartbeatIntervalMs >= sessionTimeoutMs) {
    throw new ConfigError(
      'heartbeatIntervalMs',
      `heartbeatIntervalMs (${heartbeatIntervalMs}) must be below sessionTimeoutMs (${sessionTimeoutMs})`,
    )
  }
  const names = assignors.map((assignor) => (typeof assignor === 'string' ? assignor : assignor.name))
  if (new Set(names).size < names.length) throw new ConfigError('assignors', 'assignors must not name one twice')
  return { ...settings, autoCommit: settings.autoCommit && groupId !== undefined }
}

/** Options of one protocol are refused under the other, as Java does. */
function checkProtocol(
  given: Pick<ConsumerOptions, 'groupRemoteAssignor' | keyof typeof CLASSIC_ONLY>,
  groupProtocol: GroupProtocol,
): void {
  if (groupProtocol === 'classic') {
    if (given.groupRemoteAssignor === undefined) return
    throw new ConfigError('groupRemoteAssignor', "groupRemoteAssignor needs groupProtocol: 'consumer'; see assignors")
  }
  for (const [name, hint] of Object.entries(CLASSIC_ONLY)) {
    if (given[name as keyof typeof CLASSIC_ONLY] === undefined) continue
    throw new ConfigError(name, `${name} has no effect with groupProtocol: 'consumer': ${hint}`)
  }
}

/** What the coordinator decides under KIP-848. */
const CLASSIC_ONLY = {
  assignors: 'name an assignor of the coordinator by groupRemoteAssignor',
  sessionTimeoutMs: 'the cluster sets it (group.consumer.session.timeout.ms)',
  heartbeatIntervalMs: 'the cluster sets it (group.consumer.heartbeat.interval.ms)',
} as const

/** Throws ConfigError for a pattern that no coordinator would match. */
export function checkPattern(topics: Topics, groupProtocol: GroupProtocol): void {
  if (groupProtocol === 'consumer' || !isPattern(topics)) return
  const hint = "subscribe to a RegExp, or set groupProtocol: 'consumer'"
  throw new ConfigError('topics', `classic groups match no patterns: ${hint}`)
}

/** The assignors that the option names, in its order. */
export function resolveAssignors(assignors: readonly AssignorOption[]): readonly Assignor[] {
  return assignors.map((assignor) => (typeof assignor === 'string' ? BUILT_IN_ASSIGNORS[assignor] : assignor))
}
