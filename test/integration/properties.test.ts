import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientOptions } from '../../src/client-options.ts'
import { Kafka } from '../../src/kafka.ts'
import { optionsFromProperties } from '../../src/properties/from-properties.ts'
import { rejection } from '../network/rejection.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import type { Listener } from '../support/kafka/properties.ts'
import { describeWithKafka } from '../support/real-kafka.ts'

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

  test('fail with an error that says why, and not with the deadline', async () => {
    const text = 'security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=alice\nsasl.password=wrong'
    expect(await rejection(tryText('SASL_PLAINTEXT', text))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      message: expect.stringContaining('check username and password') as unknown,
    })
  })
})
