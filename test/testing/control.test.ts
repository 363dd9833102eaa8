import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { BrokerError, ConfigError } from '../../src/errors.ts'
import { ERROR, errorOf } from '../../src/protocol/error-codes.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { describeGroupsApi } from '../../src/protocol/messages/15-describe-groups.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { failWith, TestBroker, type ControlCall } from '../../src/testing/index.ts'
import { batchOf, connectTo, startBroker, text } from './harness.ts'
import { RawClient } from './raw-client.ts'

const heartbeat = { groupId: 'g', memberId: 'm', generationId: 1 }

describe('what a control can do', () => {
  test('it sees the decoded request and its header', async () => {
    const broker = await startBroker({ nodes: 2 })
    const calls: unknown[] = []
    broker.control(metadataApi, (call) => {
      calls.push(call)
      return undefined
    })
    const client = await connectTo(broker, 2)
    const { topics } = await client.send(metadataApi, 9, { topics: [{ name: 'a' }] })
    expect(topics).toHaveLength(1)
    expect(calls).toMatchObject([
      {
        apiName: 'Metadata',
        apiKey: 3,
        apiVersion: 9,
        correlationId: 0,
        clientId: 'raw',
        nodeId: 2,
        header: { requestApiKey: 3, requestApiVersion: 9, correlationId: 0, clientId: 'raw' },
        request: {
          topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: 'a' }],
          allowAutoTopicCreation: true,
          includeClusterAuthorizedOperations: false,
          includeTopicAuthorizedOperations: false,
        },
      },
    ])
  })

  test('a response object is sent as it is', async () => {
    const broker = await startBroker()
    broker.control(metadataApi, () => ({ clusterId: 'made up', brokers: [{ nodeId: 7, host: 'h', port: 1 }] }))
    const client = await connectTo(broker)
    expect(await client.send(metadataApi, 9, {})).toMatchObject({
      clusterId: 'made up',
      brokers: [{ nodeId: 7, host: 'h', port: 1, rack: null }],
      topics: [],
    })
  })

  test('a promise delays the answer, and what comes after it on the same connection', async () => {
    const broker = await startBroker()
    const gate = new EventEmitter()
    broker.control(metadataApi, () => once(gate, 'open').then(() => undefined), { once: true })
    const client = await connectTo(broker)
    const order: string[] = []
    const delayed = client.send(metadataApi, 9, {}).then(() => order.push('delayed'))
    const next = client.send(apiVersionsApi, 0, {}).then(() => order.push('next'))
    await (await connectTo(broker)).send(metadataApi, 9, {})
    order.push('other connection')
    gate.emit('open')
    await Promise.all([delayed, next])
    expect(order).toEqual(['other connection', 'delayed', 'next'])
  })

  test("'drop' closes the connection", async () => {
    const broker = await startBroker()
    broker.control(metadataApi, () => 'drop')
    const client = await connectTo(broker)
    await expect(client.send(metadataApi, 9, {})).rejects.toThrow('the connection was closed')
  })

  test("'ignore' leaves the connection without an answer, for good", async () => {
    const broker = await startBroker()
    broker.control(metadataApi, () => 'ignore', { once: true })
    const client = await connectTo(broker)
    const settled: string[] = []
    for (const version of [9, 8]) {
      client.send(metadataApi, version, {}).then(
        () => settled.push('answered'),
        () => settled.push('closed'),
      )
    }
    await (await connectTo(broker)).send(metadataApi, 9, {})
    expect(settled).toEqual([])
    expect(broker.requests.count(metadataApi)).toBe(2)
    await broker.close()
    await client.closed
    await new Promise(setImmediate)
    expect(settled).toEqual(['closed', 'closed'])
  })

  test('serve gives the response of the broker, complete, to be changed', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    broker.control(metadataApi, async ({ serve }) => {
      const response = await serve()
      return { ...response, throttleTimeMs: 5, topics: [{ ...response.topics[0]!, name: 'renamed' }] }
    })
    const client = await connectTo(broker)
    const { throttleTimeMs, topics } = await client.send(metadataApi, 9, { topics: null })
    expect(throttleTimeMs).toBe(5)
    expect(topics[0]).toMatchObject({ name: 'renamed', partitions: [{ leaderId: 1 }, { leaderId: 1 }] })
  })

  test('serve does it once, however often it is called and whatever is returned', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    broker.control(produceApi, async ({ serve }) => {
      await serve()
      void serve()
      return undefined
    })
    const client = await connectTo(broker)
    const partitionData = [{ index: 0, records: await batchOf(['once']) }]
    const { responses } = await client.send(produceApi, 9, { acks: 1, topicData: [{ name: 't', partitionData }] })
    expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0n })
    expect(broker.partition('t', 0)!.endOffset).toBe(1)
  })

  test('serve and drop: the broker has done it and the client does not know', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    broker.control(produceApi, async ({ serve }) => {
      const { responses } = await serve()
      expect(responses[0]!.partitionResponses[0]!.baseOffset).toBe(0n)
      return 'drop'
    })
    const client = await connectTo(broker)
    const partitionData = [{ index: 0, records: await batchOf(['lost']) }]
    const sent = client.send(produceApi, 9, { acks: 1, topicData: [{ name: 't', partitionData }] })
    await expect(sent).rejects.toThrow('the connection was closed')
    expect((await broker.records('t', 0)).map(({ value }) => text(value))).toEqual(['lost'])
  })
})

describe('failWith', () => {
  test('answers the error for everything that was asked', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    broker.control(produceApi, () => failWith('NOT_LEADER_OR_FOLLOWER'))
    broker.control(heartbeatApi, () => failWith(ERROR.REBALANCE_IN_PROGRESS))
    const client = await connectTo(broker)
    const records = await batchOf(['a'])
    const partitionData = [0, 1].map((index) => ({ index, records }))
    const { responses } = await client.send(produceApi, 9, { acks: 1, topicData: [{ name: 't', partitionData }] })
    expect(responses[0]!.partitionResponses.map(({ index, errorCode }) => [index, errorCode])).toEqual([
      [0, 6],
      [1, 6],
    ])
    expect(await client.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: 27 })
    expect(broker.partition('t', 0)!.endOffset).toBe(0)
  })

  test('answers it for all partitions of a fetch session, which goes on', async () => {
    const broker = await startBroker({ topics: { t: 2 } })
    const client = await connectTo(broker)
    const partitions = [0, 1].map((partition) => ({ partition, partitionMaxBytes: 1000 }))
    const { sessionId } = await client.send(fetchApi, 12, { sessionEpoch: 0, topics: [{ topic: 't', partitions }] })
    broker.control(fetchApi, () => failWith('NOT_LEADER_OR_FOLLOWER'), { once: true })
    const failed = await client.send(fetchApi, 12, { sessionId, sessionEpoch: 1 })
    expect(failed).toMatchObject({ errorCode: 0, sessionId })
    expect(failed.responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([6, 6])
    broker.control(fetchApi, () => failWith('FETCH_SESSION_ID_NOT_FOUND'), { once: true })
    expect(await client.send(fetchApi, 12, { sessionId, sessionEpoch: 2 })).toMatchObject({
      errorCode: 70,
      responses: [],
    })
  })

  test('closes the connection when no response is due', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    broker.control(produceApi, () => failWith('NOT_ENOUGH_REPLICAS'))
    const client = await connectTo(broker)
    const partitionData = [{ index: 0, records: await batchOf(['a']) }]
    client.post(produceApi, 9, { acks: 0, topicData: [{ name: 't', partitionData }] })
    await client.closed
    expect(broker.partition('t', 0)!.endOffset).toBe(0)
  })
})

describe('errors that a control throws', () => {
  test('a BrokerError is answered with its code', async () => {
    const broker = await startBroker()
    broker.control(heartbeatApi, () => {
      throw new BrokerError(errorOf(ERROR.FENCED_INSTANCE_ID), { api: 'Heartbeat' })
    })
    const client = await connectTo(broker)
    expect(await client.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: ERROR.FENCED_INSTANCE_ID })
  })

  test.each([
    [
      'thrown',
      (): never => {
        throw new Error('assertion failed')
      },
    ],
    ['rejected', (): Promise<never> => Promise.reject(new Error('assertion failed'))],
  ])('any other, %s, closes the connection and comes out of close()', async (_, control) => {
    const broker = await TestBroker.start()
    broker.control(metadataApi, control)
    const client = await RawClient.connect(broker.nodes[0]!)
    await expect(client.send(metadataApi, 9, {})).rejects.toThrow('the connection was closed')
    await expect(broker.close()).rejects.toThrow('assertion failed')
    await expect(broker.close()).rejects.toThrow('assertion failed')
  })

  test('text that means nothing does so too', async () => {
    const broker = await TestBroker.start()
    broker.control(metadataApi, () => Promise.resolve('dorp'))
    const client = await RawClient.connect(broker.nodes[0]!)
    await expect(client.send(metadataApi, 9, {})).rejects.toThrow('the connection was closed')
    await expect(broker.close()).rejects.toMatchObject({ code: 'KAFKA_CONFIG', option: 'control' })
  })

  test('a response that cannot be encoded does so too', async () => {
    const broker = await TestBroker.start()
    broker.control(metadataApi, () => ({ controllerId: 1.5 }))
    const client = await RawClient.connect(broker.nodes[0]!)
    await expect(client.send(metadataApi, 9, {})).rejects.toThrow('the connection was closed')
    await expect(broker.close()).rejects.toMatchObject({ code: 'KAFKA_ENCODE', path: 'MetadataResponse.controllerId' })
  })
})

describe('which control is asked', () => {
  test('the first that answers, in the order they were put in place', async () => {
    const broker = await startBroker()
    const asked: string[] = []
    broker.control(heartbeatApi, () => {
      asked.push('first')
      return undefined
    })
    broker.control(heartbeatApi, () => {
      asked.push('second')
      return { errorCode: 1 }
    })
    broker.control(heartbeatApi, () => {
      asked.push('third')
      return { errorCode: 2 }
    })
    const client = await connectTo(broker)
    expect(await client.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: 1 })
    expect(asked).toEqual(['first', 'second'])
  })

  test('serve asks those that come after', async () => {
    const broker = await startBroker()
    broker.control(heartbeatApi, async ({ serve }) => ({ errorCode: (await serve()).errorCode + 10 }))
    broker.control(heartbeatApi, () => ({ errorCode: 5 }))
    const client = await connectTo(broker)
    expect(await client.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: 15 })
  })

  test('none once it is disposed of, and one with `once` for one request only', async () => {
    const broker = await startBroker()
    const lasting = broker.control(heartbeatApi, () => ({ errorCode: 1 }))
    broker.control(metadataApi, () => ({ clusterId: 'once' }), { once: true })
    const client = await connectTo(broker)
    expect(await client.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: 1 })
    lasting.dispose()
    lasting.dispose()
    expect(await client.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: ERROR.UNKNOWN_MEMBER_ID })
    expect(await client.send(metadataApi, 9, {})).toMatchObject({ clusterId: 'once' })
    expect(await client.send(metadataApi, 9, {})).toMatchObject({ clusterId: broker.clusterId })
  })

  test('one by number, without types', async () => {
    const broker = await startBroker()
    const calls: ControlCall<object, object>[] = []
    const control = broker.control(heartbeatApi.key, (call) => {
      calls.push(call)
      return 'drop'
    })
    const client = await connectTo(broker)
    await expect(client.send(heartbeatApi, 4, heartbeat)).rejects.toThrow('the connection was closed')
    expect(calls[0]!.request).toMatchObject(heartbeat)
    control[Symbol.dispose]()
    const again = await connectTo(broker)
    expect(await again.send(heartbeatApi, 4, heartbeat)).toMatchObject({ errorCode: ERROR.UNKNOWN_MEMBER_ID })
    expect(() => broker.control(93, () => 'drop')).toThrow(ConfigError)
  })
})

test('an API that is not served is offered while a control answers it', async () => {
  const broker = await startBroker()
  const offers = async (): Promise<boolean> => {
    const { apiKeys } = await (await connectTo(broker)).send(apiVersionsApi, 0, {})
    return apiKeys.some(({ apiKey }) => apiKey === describeGroupsApi.key)
  }
  expect(await offers()).toBe(false)
  const control = broker.control(describeGroupsApi, ({ request }) => {
    return request.groups[0] === 'g'
      ? { groups: [{ groupId: 'g', groupState: 'Stable' }] }
      : failWith('UNKNOWN_SERVER_ERROR')
  })
  const second = broker.control(describeGroupsApi, () => undefined)
  expect(await offers()).toBe(true)
  const client = await connectTo(broker)
  const { groups } = await client.send(describeGroupsApi, 5, { groups: ['g'] })
  expect(groups[0]).toMatchObject({ groupId: 'g', groupState: 'Stable' })
  control.dispose()
  expect(await offers()).toBe(true)
  second.dispose()
  expect(await offers()).toBe(false)
})
