// Connects as the client file on standard input says, with nothing else, and prints what a group then reads. Run by properties.test.ts,
// as a process of its own because of NODE_EXTRA_CA_CERTS: that the runtime trusts the authority is what such a file counts on.
import { text } from 'node:stream/consumers'
import { Kafka, string } from 'kafkawire'

const [, , topic] = process.argv
const kafka = Kafka.fromProperties(await text(process.stdin))

const producer = kafka.producer({ value: string })
await producer.send({ topic, value: 'as in the cloud' })
await producer.close()

const consumer = kafka.consumer({ groupId: topic, topics: [topic], value: string, autoOffsetReset: 'earliest' })
for await (const { value } of consumer) {
  console.log(value)
  break
}
await consumer.close()
