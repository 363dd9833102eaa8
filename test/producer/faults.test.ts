import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ClosedError, TimeoutError } from '../../src/errors.ts'
import { Kafka } from '../../src/kafka.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { initProducerIdApi } from '../../src/protocol/messages/22-init-producer-id.ts'
import { failWith, TestBroker } from '../../src/testing/index.ts'
import { answerAll, numbered, numbers, receivedBatches, smallBatchProducer, storedValues } from './fixture.ts'

let broker: TestBroker

beforeEach(async () => {
  broker = await TestBroker.start({ nodes: 3, topics: { one: { partitions: 1 } }, autoCreateTopics: false })
})

afterEach(async () => {
  await broker.close()
})

/** Does something once, when the n-th produce request comes in. */
function atRequest(n: number, act: () => void | Promise<void>): void {
  let count = 0
  broker.control(produceApi, async () => {
    if (count++ === n) await act()
    return undefined
  })
}

describe('connections', () => {
  test('a connection that is cut before the broker has read anything loses nothing and doubles nothing', async () => {
    let count = 0
    broker.control(produceApi, () => (count++ % 4 === 1 ? 'drop' : undefined))
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 300))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(300))
    await producer.close()
  })

  test('a connection that is cut after the batch was stored, before the answer, doubles nothing', async () => {
    let count = 0
    broker.control(produceApi, async (call) => {
      if (count++ % 4 !== 1) return undefined
      await call.serve()
      return 'drop'
    })
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 300))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(300))
    await producer.close()
  })

  test('an answer that comes after the request timed out doubles nothing', async () => {
    let count = 0
    broker.control(produceApi, async (call) => {
      if (count++ !== 1) return undefined
      const response = await call.serve()
      await new Promise((resolve) => setTimeout(resolve, 120))
      return response
    })
    const producer = smallBatchProducer(broker, {}, { requestTimeoutMs: 60 })
    await producer.sendMany(numbered('one', 0, 100))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(100))
    await producer.close()
  })

  test('a broker that falls silent is left after the request timeout', async () => {
    let count = 0
    broker.control(produceApi, () => (count++ === 1 ? 'ignore' : undefined))
    const producer = smallBatchProducer(broker, {}, { requestTimeoutMs: 60 })
    await producer.sendMany(numbered('one', 0, 100))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(100))
    await producer.close()
  })

  test('a node that stops and comes back loses nothing and doubles nothing', async () => {
    const leader = broker.nodes.find(({ id }) => id === broker.partition('one', 0)!.leaderId)!
    const producer = smallBatchProducer(broker)
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < 10; i++) {
      sent.push(producer.sendMany(numbered('one', 0, 20, i * 20)))
      if (i === 3) await leader.stop()
      if (i === 6) await leader.start()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(sent)
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(200))
    await producer.close()
  })
})

describe('leaders and metadata', () => {
  test('a leader that moves is followed by the hint of the old one', async () => {
    const { leaderId } = broker.partition('one', 0)!
    const other = leaderId === 1 ? 2 : 1
    atRequest(3, () => broker.moveLeader('one', 0, other))
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 200))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(200))
    await producer.close()
  })

  test('a leader that moves is found by metadata when the old one gives no hint', async () => {
    const old = await TestBroker.start({ nodes: 2, topics: { one: 1 }, apiVersions: { Produce: { min: 3, max: 9 } } })
    let count = 0
    old.control(produceApi, () => {
      if (count++ === 3) old.moveLeader('one', 0, old.partition('one', 0)!.leaderId === 1 ? 2 : 1)
      return undefined
    })
    const producer = smallBatchProducer(old)
    await producer.sendMany(numbered('one', 0, 200))
    expect(await storedValues(old, 'one', 0)).toEqual(numbers(200))
    await producer.close()
    await old.close()
  })

  test('a leader that moves again and again loses nothing and doubles nothing', async () => {
    let count = 0
    broker.control(produceApi, () => {
      if (count++ % 5 === 2) broker.moveLeader('one', 0, (count % 3) + 1)
      return undefined
    })
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 300))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(300))
    await producer.close()
  })

  test('sequences go on where they were after metadata left the topic out for a while', async () => {
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 50))
    let hidden = 0
    let seeHidden!: () => void
    const isHidden = new Promise<void>((resolve) => (seeHidden = resolve))
    const hiding = broker.control(metadataApi, async (call) => {
      const response = await call.serve()
      if (++hidden === 3) seeHidden()
      for (const topic of response.topics) {
        topic.errorCode = ERROR.UNKNOWN_TOPIC_OR_PARTITION
        topic.partitions = []
      }
      return response
    })
    const { leaderId } = broker.partition('one', 0)!
    broker.moveLeader('one', 0, leaderId === 1 ? 2 : 1)
    broker.control(produceApi, ({ request }) =>
      hidden < 3 ? answerAll(request, { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER }) : undefined,
    )
    const sent = producer.sendMany(numbered('one', 0, 50, 50))
    await isHidden
    hiding.dispose()
    await sent
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(100))
    expect(receivedBatches(broker).every(({ producerEpoch }) => producerEpoch === 0)).toBe(true)
    await producer.close()
  })

  test('a topic that is deleted and made anew takes records under its new id', async () => {
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 50))
    const admin = new Kafka({ bootstrapServers: broker.bootstrapServers }).admin()
    await admin.deleteTopics(['one'])
    await admin.createTopics([{ name: 'one', partitions: 1 }])
    await admin.close()
    await producer.sendMany(numbered('one', 0, 50))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(50))
    await producer.close()
  })

  test('partitions that were added get records once metadata tell of them', async () => {
    broker.createTopic('two', 2)
    const hiding = broker.control(metadataApi, async (call) => {
      const response = await call.serve()
      for (const topic of response.topics)
        topic.partitions = topic.partitions.filter(({ partitionIndex }) => partitionIndex === 0)
      return response
    })
    const producer = smallBatchProducer(broker)
    await producer.send({ topic: 'two', value: 'x' })
    hiding.dispose()
    expect(await producer.send({ topic: 'two', partition: 1, value: 'y' })).toMatchObject({ partition: 1 })
    await producer.close()
  })
})

describe('producer id', () => {
  test('is asked for again while the coordinator is loading', async () => {
    let count = 0
    broker.control(initProducerIdApi, () => (count++ < 2 ? failWith('COORDINATOR_LOAD_IN_PROGRESS') : undefined))
    const producer = smallBatchProducer(broker)
    expect(await producer.send({ topic: 'one', value: 'x' })).toMatchObject({ offset: 0 })
    expect(count).toBe(3)
    await producer.close()
  })

  test('that is refused fails the records that wait for it', async () => {
    broker.control(initProducerIdApi, () => failWith('CLUSTER_AUTHORIZATION_FAILED'))
    const producer = smallBatchProducer(broker)
    await expect(producer.send({ topic: 'one', value: 'x' })).rejects.toMatchObject({
      errorName: 'CLUSTER_AUTHORIZATION_FAILED',
    })
    await producer.close()
  })
})

describe('back-pressure and stalls', () => {
  test('a buffer that stays full rejects after maxBlockMs', async () => {
    const producer = smallBatchProducer(broker, { bufferMemoryBytes: 1024, maxBlockMs: 50 })
    // On a busy machine the metadata alone may take longer than that.
    await vi.waitFor(() => producer.send({ topic: 'one', value: 'first' }), 10_000)
    broker.control(produceApi, () => 'ignore')
    const value = 'x'.repeat(600)
    const stuck = [0, 1].map(() => producer.send({ topic: 'one', value }).catch((error: unknown) => error))
    await expect(producer.send({ topic: 'one', value })).rejects.toThrow('bufferMemoryBytes')
    await producer.close({ timeoutMs: 0 })
    for (const error of await Promise.all(stuck)) expect(error).toBeInstanceOf(ClosedError)
  })

  test('an event loop that stands still for longer than the request timeout doubles nothing', async () => {
    const producer = smallBatchProducer(broker, {}, { requestTimeoutMs: 100 })
    await producer.send({ topic: 'one', partition: 0, value: '0' })
    const sent = producer.sendMany(numbered('one', 0, 100, 1))
    await new Promise((resolve) => setImmediate(resolve))
    const until = performance.now() + 250
    while (performance.now() < until);
    await sent
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(101))
    await producer.close()
  })

  test('a throttled connection waits as long as the broker asks, and goes on', async () => {
    let count = 0
    broker.control(produceApi, async (call) => {
      const response = await call.serve()
      return count++ === 0 ? { ...response, throttleTimeMs: 30 } : response
    })
    const producer = smallBatchProducer(broker)
    await producer.sendMany(numbered('one', 0, 100))
    expect(await storedValues(broker, 'one', 0)).toEqual(numbers(100))
    await producer.close()
  })

  test('closing in the midst of failures settles every record', async () => {
    let count = 0
    broker.control(produceApi, () => (count++ % 2 === 1 ? 'drop' : undefined))
    const producer = smallBatchProducer(broker)
    const sent = numbered('one', 0, 300).map((record) =>
      producer.send(record).then(
        () => 'sent',
        (error: unknown) => error,
      ),
    )
    await producer.close({ timeoutMs: 20 })
    const outcomes = await Promise.all(sent)
    expect(outcomes.every((outcome) => outcome === 'sent' || outcome instanceof ClosedError)).toBe(true)
    const stored = await storedValues(broker, 'one', 0)
    expect(stored).toEqual(numbers(stored.length))
    outcomes.forEach((outcome, i) => {
      if (outcome === 'sent') expect(stored[i]).toBe(`${i}`)
    })
  })

  test('an answer that leaves the partition out fails its batch', async () => {
    broker.control(produceApi, () => ({ responses: [] }), { once: true })
    const producer = smallBatchProducer(broker)
    await expect(producer.send({ topic: 'one', value: 'x' })).rejects.toMatchObject({
      errorName: 'UNKNOWN_SERVER_ERROR',
    })
    expect(await producer.send({ topic: 'one', value: 'y' })).toMatchObject({ offset: 0 })
    await producer.close()
  })

  test('no leader until the delivery timeout is a TimeoutError that names the partition', async () => {
    broker.control(produceApi, ({ request }) => answerAll(request, { errorCode: ERROR.NOT_LEADER_OR_FOLLOWER }))
    const producer = smallBatchProducer(broker, { deliveryTimeoutMs: 60, lingerMs: 0 }, { requestTimeoutMs: 50 })
    const error = await producer.send({ topic: 'one', value: 'x' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TimeoutError)
    expect((error as Error).message).toContain('one-0')
    await producer.close()
  })
})
