import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Kafka } from '../../src/kafka.ts'
import { string } from '../../src/serdes.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { freePorts } from '../support/kafka/ports.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

describeWithKafka('a cluster whose brokers all go away', ['java'], () => {
  let cluster: Cluster
  /** What the client knows as its bootstrap server; where it leads is up to the test, as with a name or a load balancer. */
  let proxy: FaultProxy
  beforeAll(async () => {
    cluster = await startCluster()
    const { host, port } = cluster.node(1)
    proxy = await FaultProxy.start({ host, port: port! })
  })
  afterAll(async () => {
    await proxy.close()
    await cluster.close()
  })

  /** Stops the broker and starts it again, with its data, at another port. */
  async function move(whileGone: () => unknown): Promise<void> {
    const node = cluster.node(1)
    const [port] = (await freePorts(1)) as [number]
    await node.stop()
    await proxy.refuse()
    whileGone()
    const file = join(node.folder, 'server.properties')
    const properties = await readFile(file, 'utf8')
    await writeFile(file, properties.replaceAll(`PLAINTEXT://127.0.0.1:${node.port}`, `PLAINTEXT://127.0.0.1:${port}`))
    await node.start()
    proxy.target = { host: node.host, port }
    await proxy.accept()
  }

  test('and come back at other addresses is found by the bootstrap servers: what was sent meanwhile arrives, once', async () => {
    const kafka = new Kafka({ bootstrapServers: `${proxy.address.host}:${proxy.address.port}` })
    const topic = uniqueName('moved')
    const producer = kafka.producer({ value: string, lingerMs: 0 })
    const consumer = kafka.consumer({ groupId: topic, topics: [topic], value: string, autoOffsetReset: 'earliest' })
    await producer.send({ topic, value: 'before' })
    const read: (string | null)[] = []
    let onRead!: () => void
    const isReading = new Promise<void>((resolve) => (onRead = resolve))
    const reading = (async () => {
      for await (const { value } of consumer) {
        read.push(value)
        onRead()
        if (value === 'after') break
      }
    })()
    await isReading
    let sent: Promise<unknown> | undefined
    await move(() => (sent = producer.send({ topic, value: 'meanwhile' })))
    await sent
    await producer.send({ topic, value: 'after' })
    await reading
    await Promise.all([producer.close(), consumer.close()])
    expect(read).toEqual(['before', 'meanwhile', 'after'])
  })
})
