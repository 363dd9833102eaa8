import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProducerFencedError } from '../../src/errors.ts'
import { exactlyOnce } from '../../src/exactly-once.ts'
import { Kafka } from '../../src/kafka.ts'
import { string } from '../../src/serdes.ts'
import { readByConfluent } from '../support/confluent-kafka.ts'
import { runJavaTool } from '../support/java-tools.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { run } from '../support/kafka/command.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `${from + i}`)
}

/** Readers of one partition, under `read_committed`, up to so many records. */
const readers: [name: string, read: (bootstrapServers: string, topic: string, count: number) => Promise<string[]>][] = [
  [
    "Java's console consumer",
    async (bootstrapServers, topic, count) => {
      const args = ['--bootstrap-server', bootstrapServers, '--topic', topic, '--from-beginning']
      args.push('--isolation-level', 'read_committed', '--max-messages', `${count}`, '--timeout-ms', '30000')
      const { stdout } = await runJavaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', args)
      return stdout.trimEnd().split('\n')
    },
  ],
  [
    'kcat',
    async (bootstrapServers, topic) => {
      const args = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q']
      const { stdout } = await run('kcat', [...args, '-X', 'isolation.level=read_committed'])
      return stdout.trimEnd().split('\n')
    },
  ],
  [
    'confluent-kafka',
    async (bootstrapServers, topic) => {
      const config = { 'bootstrap.servers': bootstrapServers, 'isolation.level': 'read_committed' }
      return (await readByConfluent(config, topic)).map(({ value }) => value!)
    },
  ],
  [
    'our consumer',
    async (bootstrapServers, topic, count) => {
      const kafka = new Kafka({ bootstrapServers })
      await using consumer = kafka.consumer({
        isolationLevel: 'read_committed',
        autoOffsetReset: 'earliest',
        value: string,
      })
      consumer.assign([{ topic, partition: 0 }])
      const values: string[] = []
      for await (const { value } of consumer) {
        values.push(value ?? '')
        if (values.length === count) break
      }
      return values
    },
  ],
]

describeWithKafka('transactions on a real broker', ['java', 'kcat', 'python3'], (shared) => {
  describe.each([2, 1])('version %i', (version) => {
    let cluster: Cluster | undefined
    let bootstrapServers = shared.bootstrapServers
    let kafka: Kafka

    beforeAll(async () => {
      // The shared broker has what Kafka has by default.
      if (version !== 2) {
        cluster = await startCluster({ features: { 'transaction.version': version } })
        ;({ bootstrapServers } = cluster)
      }
      kafka = new Kafka({ bootstrapServers })
    })

    afterAll(() => cluster?.close())

    async function newTopic(prefix: string, partitions = 1): Promise<string> {
      const name = uniqueName(prefix)
      const admin = kafka.admin()
      await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
      await admin.close()
      return name
    }

    test('what is committed is read by every client, and what is aborted by none', async () => {
      const topic = await newTopic('transactions')
      await using producer = kafka.producer({ transactionalId: uniqueName('tx') })
      for (let i = 0; i < 20; i++) {
        const tx = await producer.beginTransaction()
        const sent = tx.sendMany(numbers(i * 10, i * 10 + 10).map((value) => ({ topic, partition: 0, value })))
        if (i % 3 === 1) {
          // Else they would never be written.
          await sent
          await tx.abort()
        } else await tx.commit()
        if (i % 5 !== 2) continue
        const empty = await producer.beginTransaction()
        await (i % 2 === 0 ? empty.abort() : empty.commit())
      }
      const expected = numbers(0, 200).filter((value) => Math.floor(Number(value) / 10) % 3 !== 1)
      for (const [name, read] of readers) {
        expect({ name, read: await read(bootstrapServers, topic, expected.length) }).toEqual({ name, read: expected })
      }
      const reading = { 'bootstrap.servers': bootstrapServers, 'isolation.level': 'read_uncommitted' }
      const all = await readByConfluent(reading, topic)
      expect(all.map(({ value }) => value)).toEqual(numbers(0, 200))
    })

    test('the offsets of a group are committed with the transaction, as the group tool of Java tells', async () => {
      const [input, output, groupId] = [await newTopic('input'), await newTopic('output'), uniqueName('group')]
      await using filling = kafka.producer()
      await filling.sendMany(numbers(0, 100).map((value) => ({ topic: input, value })))
      await using producer = kafka.producer({ transactionalId: uniqueName('tx') })
      const options = { groupId, topics: [input], autoCommit: false, autoOffsetReset: 'earliest' } as const
      await using consumer = kafka.consumer({ ...options, maxPollRecords: 10, value: string })
      let batches = 0
      for await (const { records } of consumer.batches()) {
        const tx = await producer.beginTransaction()
        void tx.sendMany(records.map(({ value }) => ({ topic: output, partition: 0, value })))
        await tx.sendOffsets(consumer)
        // The last one is left out, and its offsets with it.
        if (++batches === 5) {
          await tx.abort()
          break
        }
        await tx.commit()
      }
      await consumer.close()
      const args = ['--bootstrap-server', bootstrapServers, '--describe', '--group', groupId]
      const { stdout } = await runJavaTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)
      const line = stdout.split('\n').find((each) => each.startsWith(groupId))
      expect(line?.split(/\s+/).slice(1, 6)).toEqual([input, '0', '40', '100', '60'])
      for (const [name, read] of readers) {
        expect({ name, read: await read(bootstrapServers, output, 40) }).toEqual({ name, read: numbers(0, 40) })
      }
    })

    test('a zombie is fenced in every state', async () => {
      const topic = await newTopic('zombies')
      const transactionalId = uniqueName('tx')
      const record = { topic, partition: 0, value: 'zombie' }
      const fence = async (): Promise<void> => {
        await using other = kafka.producer({ transactionalId })
        await other.initTransactions()
      }
      for (const state of ['ready', 'in-transaction', 'written'] as const) {
        await using zombie = kafka.producer({ transactionalId })
        await zombie.initTransactions()
        const tx = state === 'ready' ? undefined : await zombie.beginTransaction()
        if (state === 'written') await tx!.send(record)
        await fence()
        const late = tx ?? (await zombie.beginTransaction())
        const sent = await late.send(record).catch((error: unknown) => error)
        // Its partition may be in the transaction already, and then only the coordinator knows.
        const ended = await late.commit().catch((error: unknown) => error)
        const aborted = await late.abort().catch((error: unknown) => error)
        const isFenced = [sent, ended, aborted].some((error) => error instanceof ProducerFencedError)
        expect({ state, isFenced }).toEqual({ state, isFenced: true })
        await expect(zombie.beginTransaction()).rejects.toBeInstanceOf(ProducerFencedError)
      }
      await using alive = kafka.producer({ transactionalId })
      await alive.transaction((tx) => tx.send({ topic, partition: 0, value: 'alive' }))
      for (const [name, read] of readers)
        expect({ name, read: await read(bootstrapServers, topic, 1) }).toEqual({ name, read: ['alive'] })
    })

    test('a transaction that takes too long is aborted by the coordinator', async () => {
      const topic = await newTopic('slow')
      const transactionalId = uniqueName('tx')
      await using producer = kafka.producer({ transactionalId, transactionTimeoutMs: 1000 })
      const tx = await producer.beginTransaction()
      await tx.send({ topic, partition: 0, value: 'slow' })
      // Nothing is stable as long as it is open; the coordinator looks every ten seconds.
      await using consumer = kafka.consumer({ isolationLevel: 'read_committed' })
      const partition = [{ topic, partition: 0 }]
      while ((await consumer.endOffsets(partition))[0]!.offset < 2)
        await new Promise((resolve) => setTimeout(resolve, 200))
      await expect(tx.commit()).rejects.toMatchObject({ isFatal: true })
      await using next = kafka.producer({ transactionalId })
      await next.transaction((each) => each.send({ topic, partition: 0, value: 'next' }))
      for (const [name, read] of readers)
        expect({ name, read: await read(bootstrapServers, topic, 1) }).toEqual({ name, read: ['next'] })
    })

    test("a chain of copies, Java's copier between two of ours, has every record once and in order", async () => {
      const topics = await Promise.all(['one', 'two', 'three', 'four'].map((name) => newTopic(name)))
      const [first, second, third, fourth] = topics as [string, string, string, string]
      await using filling = kafka.producer()
      const count = 500
      await filling.sendMany(numbers(0, count).map((value) => ({ topic: first, value })))
      let aborts = 0

      const copy = async (from: string, to: string): Promise<void> => {
        const options = { groupId: uniqueName('copy'), topics: [from], autoCommit: false, maxPollRecords: 20 } as const
        const reading = { isolationLevel: 'read_committed', autoOffsetReset: 'earliest' } as const
        await using consumer = kafka.consumer({ ...options, ...reading })
        await using producer = kafka.producer({ transactionalId: uniqueName('ours') })
        const enough = new AbortController()
        let copied = 0
        let calls = 0
        const copying = exactlyOnce({
          consumer,
          producer,
          signal: enough.signal,
          onRetry: () => aborts++,
          eachBatch: async ({ records }, tx) => {
            await tx.sendMany(records.map(({ key, value }) => ({ topic: to, partition: 0, key, value })))
            if (++calls % 7 === 3) {
              // As if the group had moved on: what was written already is to be read by nobody.
              const groupMetadata = { ...consumer.groupMetadata(), generationId: 1_000_000 }
              await tx.sendOffsets({ groupMetadata, offsets: [{ topic: from, partition: 0, offset: 1 }] })
            }
            copied = Number(new TextDecoder().decode(records.at(-1)!.value ?? undefined)) + 1
          },
        }).catch((error: unknown) => {
          if (!enough.signal.aborted) throw error
        })
        const isDone = async (): Promise<boolean> => {
          const [committed] = await consumer.committed([{ topic: from, partition: 0 }])
          const [end] = await consumer.endOffsets([{ topic: from, partition: 0 }])
          return copied === count && (committed?.offset ?? 0) >= end!.offset - 1
        }
        const watching = (async () => {
          while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 50))
          enough.abort()
        })()
        await Promise.all([copying, watching])
      }

      await copy(first, second)
      const args = ['--broker-list', bootstrapServers, '--input-topic', second, '--input-partition', '0']
      args.push(
        '--output-topic',
        third,
        '--transactional-id',
        uniqueName('java'),
        '--consumer-group',
        uniqueName('java'),
      )
      args.push(
        '--max-messages',
        `${count}`,
        '--transaction-size',
        '50',
        '--enable-random-aborts',
        '--use-group-metadata',
      )
      await runJavaTool('org.apache.kafka.tools.TransactionalMessageCopier', args, { timeoutMs: 100_000 })
      await copy(third, fourth)
      expect(aborts).toBeGreaterThan(1)
      for (const [name, read] of readers) {
        expect({ name, read: await read(bootstrapServers, fourth, count) }).toEqual({ name, read: numbers(0, count) })
      }
    })
  })
})

describeWithKafka('a cluster that changes the version of its transactions', ['java', 'kcat', 'python3'], () => {
  test('takes a producer along between two of them, up and down', async () => {
    await using cluster = await startCluster({ features: { 'transaction.version': 1 } })
    const { bootstrapServers } = cluster
    const kafka = new Kafka({ bootstrapServers })
    const ends: number[] = []
    kafka.on('request', ({ api, version }) => {
      if (api === 'EndTxn') ends.push(version)
    })
    const topic = uniqueName('upgraded')
    await using producer = kafka.producer({ transactionalId: uniqueName('tx') })
    let count = 0
    const write = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await producer.transaction((tx) => tx.send({ topic, partition: 0, value: `${count}` }))
        count++
      }
    }
    const change = async (direction: 'upgrade' | 'downgrade', level: number): Promise<void> => {
      const args = ['--bootstrap-server', bootstrapServers, direction, '--feature', `transaction.version=${level}`]
      await runJavaTool('org.apache.kafka.tools.FeatureCommand', args)
    }
    await write()
    expect(ends).toEqual([4, 4, 4])
    await change('upgrade', 2)
    // The connections that there are have been told of version 1.
    await write()
    await cluster.node(1).restart()
    await write()
    expect(ends.at(-1)).toBe(5)
    await change('downgrade', 1)
    await cluster.node(1).restart()
    await write()
    expect(ends.at(-1)).toBe(4)
    for (const [name, read] of readers) {
      expect({ name, read: await read(bootstrapServers, topic, count) }).toEqual({ name, read: numbers(0, count) })
    }
  })
})
