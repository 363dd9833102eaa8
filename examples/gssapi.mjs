// A login by Kerberos, to be copied. With the package `kerberos`, and a ticket in the cache (`kinit alice`):
//
//   import kerberos from 'kerberos'
//   import { Kafka } from 'kafkawire'
//   import { gssapi } from './gssapi.mjs'
//
//   const kafka = new Kafka({ bootstrapServers: 'broker-1.example.com:9092', sasl: gssapi(kerberos) })

/** The mechanism GSSAPI (RFC 4752). Java's sasl.kerberos.service.name is `serviceName`. */
export const gssapi = (kerberos, serviceName = 'kafka') => ({
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
