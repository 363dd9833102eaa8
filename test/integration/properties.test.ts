import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientOptions } from '../../src/client-options.ts'
import { Kafka } from '../../src/kafka.ts'
import { nodeTransport } from '../../src/network/node.ts'
import type { Transport } from '../../src/network/transport.ts'
import { optionsFromProperties } from '../../src/properties/from-properties.ts'
import { rejection } from '../network/rejection.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import type { Listener } from '../support/kafka/properties.ts'
import { run } from '../support/kafka/command.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const LOGIN = 'org.apache.kafka.common.security'

describeWithKafka('client files with a real broker', ['java'], () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster({ security: true })
  })
  afterAll(() => cluster.close())

  /** Connects as a text of properties says, and asks for what needs no permission. */
  async function tryText(listener: Listener, text: string): Promise<void> {
    const folder = cluster.certificates!
    const filled = `bootstrap.servers=${cluster.endpoints(listener)}\n${text.replaceAll('$CERTS', folder)}`
    const { client, unknown } = optionsFromProperties(filled, { readFile: (path) => readFileSync(path) })
    expect(unknown).toEqual([])
    const admin = new Kafka(client as ClientOptions).admin()
    try {
      await admin.listTopics({ timeoutMs: 20_000 })
    } finally {
      await admin.close()
    }
  }

  test.each<[what: string, listener: Listener, text: (cluster: Cluster) => string]>([
    [
      'PLAIN over TLS, Java',
      'SASL_SSL',
      () => `security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=${LOGIN}.plain.PlainLoginModule required username='alice' password='alice-secret';
ssl.truststore.type=PEM
ssl.truststore.location=$CERTS/ca.crt
client.dns.lookup=use_all_dns_ips
session.timeout.ms=45000
acks=all`,
    ],
    [
      'PLAIN over TLS, librdkafka',
      'SASL_SSL',
      () => `security.protocol=sasl_ssl
sasl.mechanisms=PLAIN
sasl.username=alice
sasl.password=alice-secret
ssl.ca.location=$CERTS/ca.crt`,
    ],
    [
      'SCRAM over TLS without the check of the host name',
      'SASL_SSL',
      () => `security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=${LOGIN}.scram.ScramLoginModule required username="alice" password="alice-secret";
ssl.truststore.location=$CERTS/ca.crt
ssl.endpoint.identification.algorithm=`,
    ],
    [
      'a certificate with an encrypted key, librdkafka',
      'MTLS',
      () => `security.protocol=SSL
ssl.ca.location=$CERTS/ca.crt
ssl.certificate.location=$CERTS/client.crt
ssl.key.location=$CERTS/client.enc.p8
ssl.key.password=secret`,
    ],
    [
      'a certificate as PEM text, Java',
      'MTLS',
      ({ certificates }) => {
        const inline = (name: string): string =>
          readFileSync(join(certificates!, name), 'utf8').trim().replace(/\n/g, ' ')
        return `security.protocol=SSL
ssl.keystore.type=PEM
ssl.truststore.type=PEM
ssl.truststore.certificates=${inline('ca.crt')}
ssl.keystore.certificate.chain=${inline('client.crt')}
ssl.keystore.key=${inline('client.enc.p8')}
ssl.key.password=secret`
      },
    ],
    [
      'tokens of an OIDC server',
      'OIDC',
      ({ tokenIssuer }) => `security.protocol=SASL_PLAINTEXT
sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=${tokenIssuer!.url}/token
sasl.jaas.config=${LOGIN}.oauthbearer.OAuthBearerLoginModule required clientId="alice" clientSecret="any";`,
    ],
  ])('connect: %s', async (_, listener, text) => {
    await expect(tryText(listener, text(cluster))).resolves.toBeUndefined()
  })

  test.each([
    [
      'Java',
      `# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=$SERVERS
security.protocol=SASL_SSL
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='admin' password='admin-secret';
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
`,
    ],
    [
      'librdkafka',
      `# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=$SERVERS
security.protocol=SASL_SSL
sasl.mechanisms=PLAIN
sasl.username=admin
sasl.password=admin-secret

# Best practice for higher availability in librdkafka clients prior to 1.7
session.timeout.ms=45000

client.id=ccloud-python-client-1a2b
`,
    ],
  ])('as Confluent Cloud hands them out for %s connect unchanged, produce and consume', async (_, text) => {
    const script = fileURLToPath(new URL('confluent-cloud.mjs', import.meta.url))
    const { stdout, stderr } = await run(process.execPath, [script, uniqueName('cloud')], {
      env: { NODE_EXTRA_CA_CERTS: join(cluster.certificates!, 'ca.crt') },
      input: text.replace('$SERVERS', cluster.endpoints('SASL_SSL')),
    })
    expect(stdout).toBe('as in the cloud\n')
    // The one warning is of what belongs to the registry's client, without its secret.
    expect(stderr).not.toContain('srsecret')
    if (text.includes('schema.registry.url')) expect(stderr).toContain('not used: schema.registry.url, basic.auth')
  })

  test('of OAuth with the extensions of Confluent Cloud log in, and the broker gets them', async () => {
    const written: Uint8Array[] = []
    const transport: Transport = {
      connect: async (options) => {
        const socket = await nodeTransport.connect(options)
        return {
          write: (parts) => {
            written.push(...parts.map((part) => part.slice()))
            return socket.write(parts)
          },
          close: () => socket.close(),
          destroy: () => socket.destroy(),
        }
      },
    }
    const text = `bootstrap.servers=${cluster.endpoints('OIDC')}
security.protocol=SASL_PLAINTEXT
sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=${cluster.tokenIssuer!.url}/token
sasl.login.callback.handler.class=${LOGIN}.oauthbearer.secured.OAuthBearerLoginCallbackHandler
sasl.jaas.config=${LOGIN}.oauthbearer.OAuthBearerLoginModule required clientId='alice' clientSecret='any' scope='kafka' extension_logicalCluster='lkc-ab12' extension_identityPoolId='pool-xyz9';
`
    const kafka = Kafka.fromProperties(text, { transport, logger: { warn: () => {} } })
    const admin = kafka.admin()
    await admin.listTopics({ timeoutMs: 20_000 })
    await admin.close()
    const bytes = Buffer.concat(written).toString('latin1')
    for (const extension of ['logicalCluster=lkc-ab12', 'identityPoolId=pool-xyz9']) {
      expect(bytes).toContain(`\u0001${extension}\u0001`)
    }
  })

  test('fail with an error that says why, and not with the deadline', async () => {
    const text = 'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=alice\nsasl.password=wrong'
    expect(await rejection(tryText('SASL_PLAINTEXT', text))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      message: expect.stringContaining('check username and password') as unknown,
    })
  })
})
