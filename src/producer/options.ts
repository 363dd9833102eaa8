import {
  callback,
  checked,
  type Defined,
  implementing,
  integer,
  milliseconds,
  oneOf,
  type OptionTable,
  resolveOptions,
  text,
} from '../config.ts'
import { ConfigError } from '../errors.ts'
import type { CompressionName } from '../protocol/compression/registry.ts'
import { bytes, type Serializer } from '../serdes.ts'
import type { ProducerHooks } from './hooks.ts'
import type { Partitioner } from './partitioners.ts'

/** Options of a producer; the defaults are those of Java's client. */
export interface ProducerOptions<K, V> {
  /** Turns keys into bytes. Default `bytes`, which takes bytes and text. */
  key?: Serializer<K> | undefined
  /** Turns values into bytes. Default `bytes`, which takes bytes and text. */
  value?: Serializer<V> | undefined
  /** Who must have a record before it counts as sent: all in-sync replicas, the leader, or nobody. Default 'all'. */
  acks?: 'all' | 1 | 0 | undefined
  /** Whether brokers sort out retries, so that none stores a record twice. Default true with acks 'all', else false. */
  idempotence?: boolean | undefined
  /**
   * Makes the producer transactional, and fences whoever used the same id before: one id for each instance of an application, the same after a
   * restart. Needs idempotence. Java: transactional.id.
   */
  transactionalId?: string | undefined
  /**
   * How long a transaction may stay open before the coordinator aborts it and fences the producer; the broker has a limit, by default 15 minutes.
   * Default 60,000. Java: transaction.timeout.ms.
   */
  transactionTimeoutMs?: number | undefined
  /** Default 'none'. */
  compression?: CompressionName | undefined
  /** Level of the codec: gzip 1 to 9, lz4 1 to 17, zstd -131072 to 22. Default: the codec's own, which is the only one of lz4, and of zstd before Node.js 22.15. */
  compressionLevel?: number | undefined
  /**
   * How long a batch that is not full waits for more records. Default: 5, but no longer than other requests to its broker are under way,
   * as there is nothing to be gained from a wait then. Java: linger.ms.
   */
  lingerMs?: number | undefined
  /**
   * Size of a batch at which it goes out at once, and beyond which it takes no more records; a larger record makes a batch of its own. Default:
   * 16,384, and a batch that has to wait for its turn goes on to take records up to 131,072. Java: batch.size.
   */
  batchSizeBytes?: number | undefined
  /** Records that wait may take so much memory; then sending waits. Default 33,554,432. Java: buffer.memory. */
  bufferMemoryBytes?: number | undefined
  /** How long sending may wait for metadata or memory before it rejects. Default 60,000. Java: max.block.ms. */
  maxBlockMs?: number | undefined
  /** Most bytes of a record before compression, and of a request. Default 1,048,576. Java: max.request.size. */
  maxRequestSizeBytes?: number | undefined
  /** Requests that a broker may have under way; order is kept with more than 1 only by idempotence. Default 5. Java: max.in.flight.requests.per.connection. */
  maxInFlight?: number | undefined
  /** Time from accepting a record to giving up on it, retries included. Default 120,000. Java: delivery.timeout.ms. */
  deliveryTimeoutMs?: number | undefined
  /** Chooses the partition of records that name none. Default: Java's. */
  partitioner?: Partitioner | undefined
  /** Takes the error of each enqueued record that could not be sent; it must not throw. Default: `flush` and `close` reject with them. */
  onError?: ((error: unknown) => void) | undefined
  /** Callbacks for logs and metrics. */
  hooks?: ProducerHooks | undefined
}

/** Options with their defaults in place. */
export interface ProducerSettings<K, V> extends Defined<
  Omit<ProducerOptions<K, V>, 'transactionalId' | 'compressionLevel' | 'partitioner' | 'onError' | 'hooks'>
> {
  transactionalId: string | undefined
  compressionLevel: number | undefined
  partitioner: Partitioner | undefined
  onError: ((error: unknown) => void) | undefined
  hooks: ProducerHooks | undefined
  /** Whether records linger only while requests are under way to their broker. */
  isLingerAdaptive: boolean
  /** Size up to which a batch takes records while it waits for its turn. */
  batchLimitBytes: number
}

/** Under load, batches so large cost brokers and client a fraction of what those of Java's default size do. */
const WAITING_BATCH_BYTES = 131_072

const DEFAULT_LINGER_MS = 5

const PRODUCER_OPTIONS: OptionTable<ProducerOptions<unknown, unknown>> = {
  key: implementing<Serializer<unknown>>('serialize'),
  value: implementing<Serializer<unknown>>('serialize'),
  acks: oneOf<'all' | 1 | 0>('all', ['all', 1, 0]),
  idempotence: checked<boolean | undefined>(undefined, (value) =>
    typeof value === 'boolean' ? undefined : 'true or false',
  ),
  transactionalId: text(),
  transactionTimeoutMs: milliseconds(60_000, { min: 1 }),
  compression: oneOf<CompressionName>('none', ['none', 'gzip', 'snappy', 'lz4', 'zstd']),
  compressionLevel: checked<number | undefined>(undefined, (value) =>
    Number.isInteger(value) ? undefined : 'a whole number',
  ),
  lingerMs: milliseconds(DEFAULT_LINGER_MS),
  batchSizeBytes: integer(16_384, { min: 0, max: 0x7fffffff }),
  bufferMemoryBytes: integer(32 * 1024 * 1024, { min: 1024 }),
  maxBlockMs: milliseconds(60_000),
  maxRequestSizeBytes: integer(1024 * 1024, { min: 128, max: 0x7fffffff }),
  maxInFlight: integer(5, { min: 1, max: 5 }),
  deliveryTimeoutMs: milliseconds(120_000, { min: 1 }),
  partitioner: implementing<Partitioner>('partition'),
  onError: callback<(error: unknown) => void>(),
  hooks: implementing<ProducerHooks>(),
}

/** Checks a producer's options and gives each its default. Throws ConfigError. */
export function producerSettings<K, V>(given: ProducerOptions<K, V>, requestTimeoutMs: number): ProducerSettings<K, V> {
  const settings = resolveOptions<ProducerOptions<unknown, unknown>>('producer', PRODUCER_OPTIONS, given)
  const { acks, idempotence, lingerMs, deliveryTimeoutMs } = settings as ProducerSettings<unknown, unknown>
  if (settings.idempotence === true && acks !== 'all') {
    throw new ConfigError(
      'idempotence',
      `idempotence needs acks 'all', not ${acks}: brokers sort out retries only then`,
    )
  }
  const isIdempotent = idempotence ?? acks === 'all'
  if (settings.transactionalId !== undefined && !isIdempotent) {
    throw new ConfigError('transactionalId', `a transactional producer needs idempotence and acks 'all'`)
  }
  if (given.deliveryTimeoutMs !== undefined && deliveryTimeoutMs < lingerMs + requestTimeoutMs) {
    const least = lingerMs + requestTimeoutMs
    throw new ConfigError(
      'deliveryTimeoutMs',
      `deliveryTimeoutMs must be at least lingerMs + requestTimeoutMs, ${least}, not ${deliveryTimeoutMs}`,
    )
  }
  return {
    ...settings,
    key: settings.key ?? bytes,
    value: settings.value ?? bytes,
    idempotence: isIdempotent,
    isLingerAdaptive: given.lingerMs === undefined,
    batchLimitBytes: given.batchSizeBytes ?? WAITING_BATCH_BYTES,
    deliveryTimeoutMs: Math.max(deliveryTimeoutMs, lingerMs + requestTimeoutMs),
  } as ProducerSettings<K, V>
}
