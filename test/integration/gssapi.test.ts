import { afterAll, beforeAll, expect, test } from 'vitest'
import { AuthenticationError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import type { SaslExchange, SaslMechanism } from '../../src/network/sasl/mechanism.ts'
import { string } from '../../src/serdes.ts'
import { rejection } from '../network/rejection.ts'
import { type GssInitiator, startGssInitiator } from '../support/gss-initiator.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

/** The one layer that Kafka takes: none. Followed by the largest message that could be wrapped, of which there are none. */
const NO_LAYER = Uint8Array.of(1, 0, 0, 0)

/** A mechanism as a user would bring it (RFC 4752), over whatever makes Kerberos tokens. */
function gssapi(initiate: (service: string) => GssInitiator): SaslMechanism {
  return {
    name: 'GSSAPI',
    remedy: 'check the ticket (klist) and the name of the service',
    authenticate({ host }): SaslExchange {
      const initiator = initiate(`kafka@${host}`)
      let isEstablished = false
      return {
        async next(challenge = new Uint8Array()) {
          if (!isEstablished) {
            const { token, isComplete } = await initiator.step(challenge)
            isEstablished = isComplete
            return { response: token, isComplete: false }
          }
          const offer = await initiator.unwrap(challenge)
          if (offer.length !== 4 || (offer[0]! & NO_LAYER[0]!) === 0) {
            throw new Error('the broker insists on a security layer')
          }
          const response = await initiator.wrap(NO_LAYER)
          await initiator.close()
          return { response, isComplete: true }
        },
      }
    },
  }
}

describeWithKafka('Kerberos with a real broker', ['java', 'kerberos'], () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster({ kerberos: true })
  })
  afterAll(() => cluster.close())

  const kafkaOf = (environment: Readonly<Record<string, string>>, service?: string): Kafka =>
    new Kafka({
      bootstrapServers: cluster.endpoints('GSSAPI'),
      sasl: gssapi((name) => startGssInitiator(service ?? name, environment)),
    })

  test('a mechanism of the user logs in by GSSAPI: records go to a topic and come back to a group', async () => {
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
    const admin = kafkaOf(cluster.realm!.userEnvironment, 'other@localhost').admin()
    const error = await rejection(admin.listTopics({ timeoutMs: 20_000 }))
    await admin.close()
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(String((error as Error).cause)).toContain('not found in Kerberos database')
  })
})
