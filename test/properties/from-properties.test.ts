import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { clientSettings } from '../../src/client-options.ts'
import { type ConsumerOptions, consumerSettings } from '../../src/consumer/options.ts'
import { ConfigError } from '../../src/errors.ts'
import { producerSettings } from '../../src/producer/options.ts'
import { optionsFromProperties } from '../../src/properties/from-properties.ts'
import { PROPERTY_NAMES } from '../../src/properties/names.ts'
import { context, step } from '../network/sasl/exchanges.ts'

/** As Confluent Cloud hands it to users of Java. */
const confluentJava = `# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-abc12.us-east-1.aws.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='ABCDEFGHIJKLMNOP' password='s3cr3t/+x==';
sasl.mechanism=PLAIN
# Required for correctness in Apache Kafka clients prior to 2.6
client.dns.lookup=use_all_dns_ips

# Best practice for higher availability in Apache Kafka clients prior to 3.0
session.timeout.ms=45000

# Best practice for Kafka producer to prevent data loss
acks=all

client.id=ccloud-java-client-1a2b

# Required connection configs for Confluent Cloud Schema Registry
schema.registry.url=https://psrc-abc12.us-east-2.aws.confluent.cloud
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=SRKEY:srsecret
`

/** The same for users of librdkafka. */
const confluentLibrdkafka = `# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-abc12.us-east-1.aws.confluent.cloud:9092
security.protocol=SASL_SSL
sasl.mechanisms=PLAIN
sasl.username=ABCDEFGHIJKLMNOP
sasl.password=s3cr3t/+x==

# Best practice for higher availability in librdkafka clients prior to 1.7
session.timeout.ms=45000

client.id=ccloud-python-client-1a2b
`

describe('a client file of Confluent Cloud', () => {
  test.each([
    ['Java', confluentJava, ['schema.registry.url', 'basic.auth.credentials.source', 'basic.auth.user.info']],
    ['librdkafka', confluentLibrdkafka, []],
  ])('works as it is in the flavour of %s', async (_, text, unused) => {
    const { client, producer, consumer, unknown } = optionsFromProperties(text)
    const { sasl, clientDnsLookup = 'use_all_dns_ips', ...rest } = client
    expect(clientDnsLookup).toBe('use_all_dns_ips')
    expect(rest).toEqual({
      bootstrapServers: 'pkc-abc12.us-east-1.aws.confluent.cloud:9092',
      clientId: expect.stringMatching(/^ccloud-/) as unknown,
      tls: true,
    })
    expect(sasl!.name).toBe('PLAIN')
    expect((await step(sasl!.authenticate(context))).response).toBe('\0ABCDEFGHIJKLMNOP\0s3cr3t/+x==')
    expect(producer.acks ?? 'all').toBe('all')
    expect(consumer).toEqual({ sessionTimeoutMs: 45_000 })
    expect(unknown).toEqual(unused)
  })

  test('gives options that show no secret', () => {
    const options = optionsFromProperties(confluentJava)
    expect(inspect(options, { depth: 20, showHidden: true }) + JSON.stringify(options)).not.toMatch(/s3cr3t|srsecret/)
  })
})

describe('the table of names', () => {
  /** A value that each option's setting can have, and what becomes of it. */
  const samples: Record<string, [text: string, value: unknown]> = {
    bootstrapServers: ['SASL_SSL://a:9093, [::1]:9094,b', 'a:9093,[::1]:9094,b:9092'],
    clientId: ['shop', 'shop'],
    acks: ['-1', 'all'],
    compression: ['ZSTD', 'zstd'],
    autoOffsetReset: ['smallest', 'earliest'],
    isolationLevel: ['read_committed', 'read_committed'],
    assignors: ['org.apache.kafka.clients.consumer.RoundRobinAssignor, range', ['roundrobin', 'range']],
    transactionalId: ['invoicing-0', 'invoicing-0'],
    groupId: ['billing', 'billing'],
    groupInstanceId: ['billing-1', 'billing-1'],
    groupProtocol: ['CONSUMER', 'consumer'],
    groupRemoteAssignor: ['uniform', 'uniform'],
    metadataRecoveryStrategy: ['none', 'none'],
    clientDnsLookup: ['resolve_canonical_bootstrap_servers_only', 'resolve_canonical_bootstrap_servers_only'],
    clientRack: ['eu-1a', 'eu-1a'],
    allowAutoTopicCreation: ['False', false],
    idempotence: ['true', true],
    autoCommit: ['false', false],
    checkCrcs: ['false', false],
    deliveryTimeoutMs: ['60000', 60_000],
    sessionTimeoutMs: ['30000', 30_000],
  }

  test.each(PROPERTY_NAMES)('gives $of its $option by every name of it', ({ of, option, names }) => {
    const isKibibytes = names.includes('queue.buffering.max.kbytes')
    const [text, value] = samples[option] ?? ['2000', isKibibytes ? 2_048_000 : 2000]
    for (const name of names) {
      const result = optionsFromProperties(`${name} = ${text}  `)
      expect(result).toEqual({ client: {}, producer: {}, consumer: {}, unknown: [], [of]: { [option]: value } })
      const { client, producer, consumer } = result
      clientSettings({ bootstrapServers: 'localhost:9092', ...(client as object) })
      producerSettings({ ...(producer as object) }, 30_000)
      const { groupRemoteAssignor } = consumer as ConsumerOptions
      const protocol = groupRemoteAssignor === undefined ? {} : { groupProtocol: 'consumer' as const }
      consumerSettings({ groupId: 'billing', ...protocol, ...(consumer as object) })
    }
  })

  test('names no setting twice', () => {
    const names = PROPERTY_NAMES.flatMap(({ names }) => names)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('values', () => {
  test.each([
    ['acks=0', { acks: 0 }],
    ['acks=1', { acks: 1 }],
    ['linger.ms=0.6', { lingerMs: 1 }],
    ['max.block.ms=9223372036854775807', { maxBlockMs: 0x7fffffff }],
    [
      'transactional.id=invoicing-0\ntransaction.timeout.ms=10000',
      { transactionalId: 'invoicing-0', transactionTimeoutMs: 10_000 },
    ],
    ['message.timeout.ms=0', { deliveryTimeoutMs: 0x7fffffff }],
    ['queue.buffering.max.ms=5\nlinger.ms=7', { lingerMs: 7 }],
    ['linger.ms=7\nqueue.buffering.max.ms=5', { lingerMs: 5 }],
    [
      'compression.type=gzip\ncompression.gzip.level=9\ncompression.zstd.level=3',
      { compression: 'gzip', compressionLevel: 9 },
    ],
    ['compression.codec=zstd\ncompression.level=12', { compression: 'zstd', compressionLevel: 12 }],
    ['compression.codec=lz4\ncompression.level=-1', { compression: 'lz4' }],
    ['compression.gzip.level=9', {}],
  ])('of a producer in %j', (text, producer) => {
    expect(optionsFromProperties(text)).toEqual({ client: {}, producer, consumer: {}, unknown: [] })
  })

  test.each([
    ['connections.max.idle.ms=-1', { connectionIdleMs: 0x7fffffff }],
    ['connections.max.idle.ms=0', { connectionIdleMs: 0x7fffffff }],
    ['topic.metadata.refresh.interval.ms=-1', { metadataMaxAgeMs: 0x7fffffff }],
    ['client.id=', {}],
    ['client.dns.lookup=default', { clientDnsLookup: 'use_all_dns_ips' }],
    ['metadata.recovery.strategy=NONE', { metadataRecoveryStrategy: 'none' }],
  ])('of a client in %j', (text, client) => {
    expect(optionsFromProperties(text).client).toEqual(client)
  })

  test('that ask for automatic commits leave it to whether there is a group', () => {
    expect(optionsFromProperties('enable.auto.commit=true').consumer).toEqual({})
  })

  test('can be those of an object', () => {
    const given = { 'bootstrap.servers': 'a:1', 'linger.ms': 5, 'enable.idempotence': false }
    expect(optionsFromProperties(given)).toEqual({
      client: { bootstrapServers: 'a:1' },
      producer: { lingerMs: 5, idempotence: false },
      consumer: {},
      unknown: [],
    })
  })

  test.each([
    ['acks', '2', 'acks must be one of 0, 1, all, -1, not "2"'],
    ['linger.ms', 'soon', 'linger.ms must be a number of milliseconds, not "soon"'],
    ['linger.ms', '-5', 'linger.ms must be a number of milliseconds, not "-5"'],
    ['batch.size', '16k', 'batch.size must be a whole number, not "16k"'],
    ['check.crcs', 'yes', 'check.crcs must be true or false, not "yes"'],
    ['compression.type', 'brotli', 'compression.type must be one of none, gzip, snappy, lz4, zstd, not "brotli"'],
    ['auto.offset.reset', 'by_duration:P1D', 'auto.offset.reset must be one of earliest, latest, none'],
    [
      'security.protocol',
      'TLS',
      'security.protocol must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, not "TLS"',
    ],
    [
      'partition.assignment.strategy',
      'com.example.MyAssignor',
      'partition.assignment.strategy names com.example.MyAssignor, which is no assignor of kafkawire',
    ],
  ])('that %s cannot have are refused: %s', (name, value, message) => {
    const read = (): unknown => optionsFromProperties(`${name}=${value}`)
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(expect.objectContaining({ option: name }) as Error)
    expect(read).toThrow(message)
  })
})

describe('names that are of no use', () => {
  test('are listed in the order of the text', () => {
    const text = 'zeta=1\nclient.id=x\nkey.serializer=org.example.X\nalpha=2\nzeta=3'
    expect(optionsFromProperties(text).unknown).toEqual(['key.serializer', 'alpha', 'zeta'])
  })

  test('are those of TLS and SASL where security.protocol does without', () => {
    const text = 'sasl.mechanism=PLAIN\nsasl.username=a\nssl.ca.location=/ca.pem'
    expect(optionsFromProperties(text)).toEqual({
      client: {},
      producer: {},
      consumer: {},
      unknown: ['sasl.mechanism', 'sasl.username', 'ssl.ca.location'],
    })
  })

  test.each([
    ['metadata.cluster.check.enable', 'true', 'false'],
    ['max.in.flight.requests.per.connection', '5', '1'],
    ['partitioner', 'murmur2_random', 'consistent_random'],
    ['retries', '2147483647', '0'],
  ])('include %s, unless it asks for what is done anyway', (name, satisfied, other) => {
    expect(optionsFromProperties(`${name}=${satisfied}`).unknown).toEqual([])
    expect(optionsFromProperties(`${name}=${other}`).unknown).toEqual([name])
  })
})
