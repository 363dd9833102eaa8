import type { ClientOptions } from '../client-options.ts'
import type { AssignorOption, ConsumerOptions } from '../consumer/options.ts'
import { ConfigError } from '../errors.ts'
import type { ProducerOptions } from '../producer/options.ts'
import {
  asFlag,
  asInteger,
  asKibibytes,
  asMilliseconds,
  asMillisecondsOrNever,
  asOneOf,
  asServers,
  asText,
  type Conversion,
} from './values.ts'

/** One option of ours, and what Java and librdkafka call it. */
export interface PropertyName {
  /** Whose option it is. */
  readonly of: 'client' | 'producer' | 'consumer'
  /** Our name. */
  readonly option: string
  /** Java's name; undefined where Java has no such setting. */
  readonly java: string | undefined
  /** librdkafka's names where it has others than Java's. */
  readonly librdkafka: readonly string[]
  /** All of them. */
  readonly names: readonly string[]
  readonly conversion: Conversion<unknown>
}

/** A row whose conversion fits the option's type. */
type RowOf<Options> = <Name extends keyof Options & string>(
  option: Name,
  conversion: Conversion<NonNullable<Options[Name]>>,
  java: string | undefined,
  ...librdkafka: string[]
) => PropertyName

function rowsOf<Options>(of: PropertyName['of']): RowOf<Options> {
  return (option, conversion, java, ...librdkafka) => {
    const names = java === undefined ? librdkafka : [java, ...librdkafka]
    return { of, option, java, librdkafka, names, conversion }
  }
}

const client = rowsOf<ClientOptions>('client')
const producer = rowsOf<ProducerOptions<unknown, unknown>>('producer')
const consumer = rowsOf<ConsumerOptions<unknown, unknown>>('consumer')

const asAcks = asOneOf<'all' | 0 | 1>({ all: 'all', '-1': 'all', '0': 0, '1': 1 }, "-1: 'all'")
const asCompression = asOneOf({ none: 'none', gzip: 'gzip', snappy: 'snappy', lz4: 'lz4', zstd: 'zstd' })
const asOffsetReset = asOneOf({
  earliest: 'earliest',
  latest: 'latest',
  none: 'none',
  smallest: 'earliest',
  beginning: 'earliest',
  largest: 'latest',
  end: 'latest',
  error: 'none',
})
const asIsolationLevel = asOneOf({ read_committed: 'read_committed', read_uncommitted: 'read_uncommitted' })

const asRecoveryStrategy = asOneOf({ rebootstrap: 'rebootstrap', none: 'none' })
const asDnsLookup = asOneOf({
  use_all_dns_ips: 'use_all_dns_ips',
  default: 'use_all_dns_ips',
  resolve_canonical_bootstrap_servers_only: 'resolve_canonical_bootstrap_servers_only',
})

/** True is our default wherever there is a group, and not to be asked for where there is none. */
const asAutoCommit: Conversion<boolean> = {
  note: '',
  convert: (text, property) => (asFlag.convert(text, property) === true ? undefined : false),
}

/** Java's classes of assignors, and librdkafka's names of them, which are ours. */
const ASSIGNOR_CLASS = /^org\.apache\.kafka\.clients\.consumer\.(\w+)Assignor$/
const ASSIGNORS: Readonly<Record<string, string>> = {
  Range: 'range',
  RoundRobin: 'roundrobin',
  Sticky: 'sticky',
  CooperativeSticky: 'cooperative-sticky',
}

const asAssignors: Conversion<readonly AssignorOption[]> = {
  note: "Java's classes by our names",
  convert: (text, property) => {
    const names = text.split(',').map((item) => item.trim())
    return names.map((name) => {
      const className = ASSIGNOR_CLASS.exec(name)?.[1]
      if (className === undefined && !name.includes('.')) return name as AssignorOption
      const known = ASSIGNORS[className ?? '']
      if (known !== undefined) return known as AssignorOption
      throw new ConfigError(
        property,
        `${property} names ${name}, which is no assignor of kafkawire: hand one in by the option assignors`,
      )
    })
  },
}

/**
 * Every setting that is an option of ours under another name. Settings that make up an option together, those of TLS, SASL
 * and compression levels, are listed in COMPOSED_NAMES.
 */
export const PROPERTY_NAMES: readonly PropertyName[] = [
  client('bootstrapServers', asServers, 'bootstrap.servers', 'metadata.broker.list'),
  client('clientId', asText, 'client.id'),
  client('requestTimeoutMs', asMilliseconds, 'request.timeout.ms', 'socket.timeout.ms'),
  client('connectionTimeoutMs', asMilliseconds, 'socket.connection.setup.timeout.ms'),
  client('connectionTimeoutMaxMs', asMilliseconds, 'socket.connection.setup.timeout.max.ms'),
  client('connectionIdleMs', asMillisecondsOrNever, 'connections.max.idle.ms'),
  client('retryBackoffMs', asMilliseconds, 'retry.backoff.ms'),
  client('retryBackoffMaxMs', asMilliseconds, 'retry.backoff.max.ms'),
  client('reconnectBackoffMs', asMilliseconds, 'reconnect.backoff.ms'),
  client('reconnectBackoffMaxMs', asMilliseconds, 'reconnect.backoff.max.ms'),
  client('metadataMaxAgeMs', asMillisecondsOrNever, 'metadata.max.age.ms', 'topic.metadata.refresh.interval.ms'),
  client('topicIdleMs', asMilliseconds, 'metadata.max.idle.ms'),
  client('metadataRecoveryStrategy', asRecoveryStrategy, 'metadata.recovery.strategy'),
  client('metadataRecoveryRebootstrapTriggerMs', asMilliseconds, 'metadata.recovery.rebootstrap.trigger.ms'),
  client('clientDnsLookup', asDnsLookup, 'client.dns.lookup'),
  client('allowAutoTopicCreation', asFlag, 'allow.auto.create.topics'),
  client('maxFrameBytes', asInteger, undefined, 'receive.message.max.bytes'),

  producer('acks', asAcks, 'acks', 'request.required.acks'),
  producer('idempotence', asFlag, 'enable.idempotence'),
  producer('compression', asCompression, 'compression.type', 'compression.codec'),
  producer('transactionalId', asText, 'transactional.id'),
  producer('transactionTimeoutMs', asMilliseconds, 'transaction.timeout.ms'),
  producer('lingerMs', asMilliseconds, 'linger.ms', 'queue.buffering.max.ms'),
  producer('batchSizeBytes', asInteger, 'batch.size'),
  producer('bufferMemoryBytes', asInteger, 'buffer.memory'),
  producer('bufferMemoryBytes', asKibibytes, undefined, 'queue.buffering.max.kbytes'),
  producer('maxBlockMs', asMilliseconds, 'max.block.ms'),
  producer('maxRequestSizeBytes', asInteger, 'max.request.size', 'message.max.bytes'),
  producer('deliveryTimeoutMs', asMillisecondsOrNever, 'delivery.timeout.ms', 'message.timeout.ms'),

  consumer('groupId', asText, 'group.id'),
  consumer('groupInstanceId', asText, 'group.instance.id'),
  consumer('autoOffsetReset', asOffsetReset, 'auto.offset.reset'),
  consumer('autoCommit', asAutoCommit, 'enable.auto.commit'),
  consumer('autoCommitIntervalMs', asMilliseconds, 'auto.commit.interval.ms'),
  consumer('sessionTimeoutMs', asMilliseconds, 'session.timeout.ms'),
  consumer('heartbeatIntervalMs', asMilliseconds, 'heartbeat.interval.ms'),
  consumer('maxPollIntervalMs', asMilliseconds, 'max.poll.interval.ms'),
  consumer('maxPollRecords', asInteger, 'max.poll.records'),
  consumer('assignors', asAssignors, 'partition.assignment.strategy'),
  consumer('groupProtocol', asOneOf({ classic: 'classic', consumer: 'consumer' }), 'group.protocol'),
  consumer('groupRemoteAssignor', asText, 'group.remote.assignor'),
  consumer('clientRack', asText, 'client.rack'),
  consumer('isolationLevel', asIsolationLevel, 'isolation.level'),
  consumer('fetchMinBytes', asInteger, 'fetch.min.bytes'),
  consumer('fetchMaxWaitMs', asMilliseconds, 'fetch.max.wait.ms', 'fetch.wait.max.ms'),
  consumer('fetchMaxBytes', asInteger, 'fetch.max.bytes'),
  consumer('maxPartitionFetchBytes', asInteger, 'max.partition.fetch.bytes', 'fetch.message.max.bytes'),
  consumer('checkCrcs', asFlag, 'check.crcs'),
  consumer('defaultApiTimeoutMs', asMilliseconds, 'default.api.timeout.ms'),
]

/** Settings that make up an option of ours together with others, for the table of names. */
export const COMPOSED_NAMES: readonly { option: string; names: readonly string[] }[] = [
  {
    option: 'tls',
    names: [
      'security.protocol',
      'ssl.truststore.location',
      'ssl.truststore.certificates',
      'ssl.keystore.location',
      'ssl.keystore.key',
      'ssl.keystore.certificate.chain',
      'ssl.key.password',
      'ssl.ca.location',
      'ssl.ca.pem',
      'ssl.certificate.location',
      'ssl.certificate.pem',
      'ssl.key.location',
      'ssl.key.pem',
      'ssl.endpoint.identification.algorithm',
      'enable.ssl.certificate.verification',
      'ssl.enabled.protocols',
    ],
  },
  {
    option: 'sasl',
    names: [
      'sasl.mechanism',
      'sasl.mechanisms',
      'sasl.jaas.config',
      'sasl.username',
      'sasl.password',
      'sasl.oauthbearer.*',
      'sasl.login.refresh.*',
    ],
  },
  {
    option: 'compressionLevel',
    names: ['compression.gzip.level', 'compression.lz4.level', 'compression.zstd.level', 'compression.level'],
  },
]

/** Settings whose named values ask for what kafkawire does in any case. Other values of them count as not used. */
export const SATISFIED: Readonly<Record<string, readonly string[]>> = {
  'metadata.cluster.check.enable': ['true'],
  'max.in.flight.requests.per.connection': ['5'],
  // Sending is tried again until deliveryTimeoutMs is over.
  retries: ['2147483647'],
  'message.send.max.retries': ['2147483647'],
  'enable.metrics.push': ['false'],
  'enable.auto.offset.store': ['true'],
  'enable.partition.eof': ['false'],
  'api.version.request': ['true'],
  'socket.nagle.disable': ['true'],
  partitioner: ['murmur2_random', 'murmur2'],
  'partitioner.class': ['org.apache.kafka.clients.producer.internals.DefaultPartitioner'],
  'ssl.protocol': ['TLS', 'TLSv1.3'],
}
