// A login by Kerberos: `npm install kerberos`, and a ticket in the cache (`kinit alice`).
import kerberos from 'kerberos'
import { Kafka, string } from 'kafkawire'

/** The mechanism GSSAPI (RFC 4752) over the package `kerberos`. Java's sasl.kerberos.service.name is `serviceName`. */
const gssapi = (serviceName = 'kafka') => ({
  name: 'GSSAPI',
  remedy: 'check the ticket (klist) and the service name',
  authenticate({ host }) {
    let client
    return {
      async next(challenge) {
        const token = Buffer.from(challenge ?? []).toString('base64')
        client ??= await kerberos.initializeClient(`${serviceName}@${host}`, { mechOID: kerberos.GSS_MECH_OID_KRB5 })
        if (!client.contextComplete) {
          return { response: Buffer.from((await client.step(token)) ?? '', 'base64'), isComplete: false }
        }
        // The broker offers layers of protection; the answer, 1, is the only one Kafka takes: none.
        await client.unwrap(token)
        const answer = await client.wrap(Buffer.from([1, 0, 0, 0]).toString('base64'))
        return { response: Buffer.from(answer, 'base64'), isComplete: true }
      },
    }
  },
})

const kafka = new Kafka({
  bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? 'broker-1.example.com:9092',
  sasl: gssapi(),
})

const producer = kafka.producer({ value: string })
const { partition, offset } = await producer.send({ topic: 'orders', value: 'by ticket' })
console.log(`stored in partition ${partition} at offset ${offset}`)
await producer.close()
