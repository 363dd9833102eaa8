import { afterAll, beforeAll, expect, test } from 'vitest'
import { AuthenticationError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import type { SaslMechanism } from '../../src/network/sasl/mechanism.ts'
import { string } from '../../src/serdes.ts'
import { rejection } from '../network/rejection.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { type Kerberos, kerberosIn } from '../support/kerberos.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

/** What users are told to copy. */
const example = new URL('../../examples/gssapi.mjs', import.meta.url).href

describeWithKafka('Kerberos with a real broker', ['java', 'kerberos'], () => {
  let cluster: Cluster
  let gssapi: (kerberos: Kerberos, serviceName?: string) => SaslMechanism
  beforeAll(async () => {
    ;({ gssapi } = (await import(/* @vite-ignore */ example)) as { gssapi: typeof gssapi })
    cluster = await startCluster({ kerberos: true })
  })
  afterAll(() => cluster.close())

  const kafkaOf = (environment: Readonly<Record<string, string>>, serviceName?: string): Kafka =>
    new Kafka({
      bootstrapServers: cluster.endpoints('GSSAPI'),
      sasl: gssapi(kerberosIn(environment), serviceName),
    })

  test('the example logs in by GSSAPI: records go to a topic and come back to a group', async () => {
    const kafka = kafkaOf(cluster.realm!.userEnvironment)
    const topic = uniqueName('gssapi')
    const producer = kafka.producer({ value: string })
    await producer.send({ topic, value: 'by ticket' })
    await producer.close()
    const consumer = kafka.consumer({ groupId: topic, topics: [topic], value: string, autoOffsetReset: 'earliest' })
    const values: (string | null)[] = []
    for await (const { value } of consumer) {
      values.push(value)
      break
    }
    await consumer.close()
    expect(values).toEqual(['by ticket'])
  })

  test('without a ticket the login fails on this side, with the reason of the library as the cause', async () => {
    const admin = kafkaOf({ ...cluster.realm!.userEnvironment, KRB5CCNAME: 'FILE:/nonexistent' }).admin()
    const error = await rejection(admin.listTopics({ timeoutMs: 20_000 }))
    await admin.close()
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ mechanism: 'GSSAPI', retriable: false })
    expect(String((error as Error).cause)).toMatch(/No Kerberos credentials|no credentials|does not exist/i)
  })

  test('a service that the realm does not know fails in the same way', async () => {
    const admin = kafkaOf(cluster.realm!.userEnvironment, 'other').admin()
    const error = await rejection(admin.listTopics({ timeoutMs: 20_000 }))
    await admin.close()
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(String((error as Error).cause)).toContain('not found in Kerberos database')
  })
})
