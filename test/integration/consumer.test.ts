import { expect, test } from 'vitest'
import { type Consumer, type ConsumerOptions, Kafka, string } from '../../src/index.ts'
import { Assignments, numbers, readBetween, Reading, until } from '../consumer/loops.ts'
import { countMembers } from '../support/group-members.ts'
import { growTopic } from '../support/grow-topic.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

type TextConsumer = Consumer<string | null, string | null>

describeWithKafka('the consumer and a real broker', [], ({ bootstrapServers }) => {
  const kafka = new Kafka({ bootstrapServers })

  async function createTopic(partitions: number): Promise<string> {
    const topic = uniqueName('consumer')
    const admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions, replicationFactor: 1 }])
    await admin.close()
    return topic
  }

  async function produce(topic: string, values: readonly string[], partition?: number): Promise<void> {
    const producer = kafka.producer()
    await producer.sendMany(values.map((value) => ({ topic, key: value, value, partition })))
    await producer.close()
  }

  /** A quarter of the values to each of four partitions. */
  async function produceEvenly(topic: string, values: readonly string[]): Promise<void> {
    await Promise.all(
      [0, 1, 2, 3].map((partition) =>
        produce(
          topic,
          values.filter((_, i) => i % 4 === partition),
          partition,
        ),
      ),
    )
  }

  function makeConsumer(options: ConsumerOptions<string | null, string | null>): TextConsumer {
    return kafka.consumer({ key: string, value: string, autoOffsetReset: 'earliest', ...options })
  }

  test('a new member takes over partitions, and gives them back when it leaves', async () => {
    const topic = await createTopic(4)
    const options = { groupId: uniqueName('group'), topics: [topic], heartbeatIntervalMs: 200 }
    const first = new Assignments()
    const reading = new Reading(makeConsumer({ ...options, ...first.listeners }))
    await first.reach(4)
    await produce(topic, numbers(0, 100))
    await reading.reaches(100)
    const second = new Assignments()
    const secondConsumer = makeConsumer({ ...options, ...second.listeners })
    const other = new Reading(secondConsumer)
    await Promise.all([first.reach(2), second.reach(2)])
    await produceEvenly(topic, numbers(100, 200))
    await Promise.all([reading.reaches(150), other.reaches(50)])
    await secondConsumer.close()
    await other.done
    await first.reach(4)
    await produce(topic, numbers(200, 300))
    await reading.reaches(300 - other.values.length)
    await reading.consumer.close()
    await reading.done
    expect([...reading.values, ...other.values].map(Number).toSorted((a, b) => a - b)).toEqual(
      numbers(0, 300).map(Number),
    )
  })

  test('a record whose handling failed is read again, and those before it are not', async () => {
    const topic = await createTopic(1)
    const groupId = uniqueName('group')
    await produce(topic, numbers(0, 10))
    const failing = makeConsumer({ groupId, topics: [topic] })
    const handled: (string | null)[] = []
    const run = async (): Promise<void> => {
      for await (const { value } of failing) {
        if (value === '5') throw new Error('handler failed')
        handled.push(value)
      }
    }
    await expect(run()).rejects.toThrow('handler failed')
    expect(handled).toEqual(numbers(0, 5))
    await failing.close()
    const next = makeConsumer({ groupId, topics: [topic] })
    const reading = new Reading(next)
    await reading.reaches(5)
    expect(reading.values).toEqual(numbers(5, 10))
    await next.close()
  })

  test('positions can be moved, and partitions paused, without a group', async () => {
    const topic = await createTopic(2)
    await produce(topic, numbers(0, 10), 0)
    await produce(topic, numbers(10, 20), 1)
    const consumer = makeConsumer({})
    const [zero, one] = [
      { topic, partition: 0 },
      { topic, partition: 1 },
    ]
    consumer.assign([zero, one])
    expect(await consumer.beginningOffsets([zero, one])).toEqual([
      { ...zero, offset: 0 },
      { ...one, offset: 0 },
    ])
    expect(await consumer.endOffsets([one])).toEqual([{ ...one, offset: 10 }])
    consumer.pause([one])
    consumer.seek({ ...zero, offset: 7 })
    const values: (string | null)[] = []
    for await (const { value } of consumer) {
      values.push(value)
      if (value === '9') {
        consumer.resume([one])
        consumer.seekToEnd([zero])
        consumer.seek({ ...one, offset: 9 })
      }
      if (value === '19') break
    }
    expect(values).toEqual(['7', '8', '9', '19'])
    expect(await consumer.position(zero)).toBe(10)
    expect(consumer.lag(one)).toBe(1)
    await consumer.close()
  })

  test('a batch is handled as one', async () => {
    const topic = await createTopic(1)
    const groupId = uniqueName('group')
    await produce(topic, numbers(0, 30))
    const consumer = makeConsumer({ groupId, topics: [topic], maxPollRecords: 10 })
    let count = 0
    for await (const { records, highWatermark } of consumer.batches()) {
      expect(records.map(({ value }) => value)).toEqual(numbers(count, count + 10))
      expect(highWatermark).toBe(30)
      count += records.length
      if (count === 30) break
    }
    await consumer.close()
    const admin = makeConsumer({ groupId })
    expect(await admin.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: 20 }])
    await admin.close()
  })

  test('a run handles every record once and in order while members come and go', async () => {
    const topic = await createTopic(4)
    await produceEvenly(topic, numbers(0, 400))
    const groupId = uniqueName('group')
    const handled: number[][] = [[], [], [], []]
    const options = { groupId, topics: [topic], assignors: ['cooperative-sticky'] as const, heartbeatIntervalMs: 200 }
    const members = [new Assignments(), new Assignments()]
    const consumers = members.map(({ listeners }) => makeConsumer({ ...options, ...listeners }))
    const start = (consumer: TextConsumer): Promise<void> =>
      consumer.run({
        concurrency: 4,
        eachRecord: async ({ partition, value }) => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          handled[partition]!.push(Number(value))
        },
      })
    const runs = [start(consumers[0]!)]
    await members[0]!.reach(4)
    runs.push(start(consumers[1]!))
    await Promise.all(members.map((member) => member.reach(2)))
    await until(() => handled.flat().length >= 400)
    for (const consumer of consumers) await consumer.close()
    await Promise.all(runs)
    for (const [partition, values] of handled.entries()) {
      expect(values).toEqual(Array.from({ length: 100 }, (_, index) => index * 4 + partition))
    }
    const admin = makeConsumer({ groupId })
    const committed = await admin.committed([0, 1, 2, 3].map((partition) => ({ topic, partition })))
    expect(committed.map((found) => found?.offset)).toEqual([100, 100, 100, 100])
    await admin.close()
  })

  test('partitions that are added to a topic are read from their beginning, each record once', async () => {
    const topic = await createTopic(2)
    const options = { groupId: uniqueName('group'), topics: [topic], heartbeatIntervalMs: 200 }
    const watching = new Kafka({ bootstrapServers, metadataMaxAgeMs: 500 })
    const members = [new Assignments(), new Assignments()]
    const readings = members.map(({ listeners }) => {
      return new Reading(
        watching.consumer({ key: string, value: string, autoOffsetReset: 'earliest', ...options, ...listeners }),
      )
    })
    await Promise.all(members.map((member) => member.reach(1)))
    await growTopic(bootstrapServers, topic, 4)
    await produceEvenly(topic, numbers(0, 100))
    await Promise.all(members.map((member) => member.reach(2)))
    expect(await readBetween(readings, 100)).toEqual(numbers(0, 100).map(Number))
  })

  test.each([
    ['classic', {}, undefined, 0],
    ['classic', {}, 'remain', 1],
    ['classic', { groupInstanceId: 'one' }, undefined, 1],
    ['classic', { groupInstanceId: 'one' }, 'leave', 0],
    ['consumer', {}, undefined, 0],
    ['consumer', {}, 'remain', 1],
    ['consumer', { groupInstanceId: 'one' }, undefined, 1],
    ['consumer', { groupInstanceId: 'one' }, 'leave', 0],
  ] as const)(
    'a closed member of a %s group, %j, that is to %s leaves %d',
    async (groupProtocol, options, to, count) => {
      const topic = await createTopic(1)
      const groupId = uniqueName('group')
      const events = new Assignments()
      const consumer = makeConsumer({ groupId, topics: [topic], groupProtocol, ...options, ...events.listeners })
      const reading = new Reading(consumer)
      await events.reach(1)
      await consumer.close({ groupMembership: to })
      await reading.done
      expect(await countMembers(bootstrapServers, groupId, groupProtocol)).toBe(count)
    },
  )

  test('reading can start at an age of records', async () => {
    const topic = await createTopic(1)
    const producer = kafka.producer()
    await producer.send({ topic, value: 'old', timestamp: Date.now() - 7_200_000 })
    await producer.send({ topic, value: 'young' })
    await producer.close()
    const consumer = makeConsumer({ autoOffsetReset: 'by_duration:PT1H' })
    consumer.assign([{ topic, partition: 0 }])
    const reading = new Reading(consumer)
    await reading.reaches(1)
    expect(reading.values).toEqual(['young'])
    await consumer.close()
  })
})
