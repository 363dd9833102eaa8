import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError } from '../src/errors.ts'
import { Kafka } from '../src/kafka.ts'
import { TestBroker } from '../src/testing/test-broker.ts'

let broker: TestBroker
beforeEach(async () => {
  broker = await TestBroker.start({ topics: { t: 1 } })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await broker.close()
})

/** Client ids that the broker has seen. */
const seenClientIds = (): string[] => [...new Set(Array.from(broker.requests, ({ clientId }) => String(clientId)))]

describe('Kafka.fromProperties', () => {
  test('connects as the text says', async () => {
    const kafka = Kafka.fromProperties(`
      # a file of a Java client
      bootstrap.servers = ${broker.bootstrapServers}
      client.id: from-\\
                 text`)
    const admin = kafka.admin()
    expect((await admin.listTopics()).map(({ name }) => name)).toEqual(['t'])
    await admin.close()
    expect(seenClientIds()).toEqual(['from-text'])
  })

  test('takes names and values as an object, too; options win over them', async () => {
    const properties = { 'bootstrap.servers': 'nowhere.invalid:9092', 'client.id': 'file', 'request.timeout.ms': 1000 }
    const options = { bootstrapServers: broker.bootstrapServers, clientId: undefined }
    const admin = Kafka.fromProperties(properties, options).admin()
    await admin.listTopics()
    await admin.close()
    expect(seenClientIds()).toEqual(['file'])
  })

  test('has producers and consumers begin with its settings, which options of their own win over', async () => {
    const kafka = Kafka.fromProperties({
      'bootstrap.servers': broker.bootstrapServers,
      'group.id': 'from-file',
      'auto.offset.reset': 'latest',
    })
    const producer = kafka.producer()
    await producer.send({ topic: 't', value: 'x' })
    await producer.close()
    const consumer = kafka.consumer({ topics: ['t'], autoOffsetReset: 'earliest', groupId: undefined })
    for await (const { value } of consumer) {
      expect(new TextDecoder().decode(value)).toBe('x')
      break
    }
    await consumer.close()
    expect(seenClientIds()).toEqual(['kafkawire'])
  })

  test('lists names of no use in one warning, by the logger if there is one', () => {
    const properties = { 'bootstrap.servers': 'localhost:9092', 'no.such.name': '1', 'nor.this': '2' }
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const warn = vi.fn<(message: string) => void>()
    Kafka.fromProperties(properties, { logger: { warn } })
    Kafka.fromProperties(properties, { logger: { warn }, logLevel: 'error' })
    expect(warn.mock.calls).toEqual([['properties that are not used: no.such.name, nor.this', {}]])
    expect(emitted).not.toHaveBeenCalled()
    Kafka.fromProperties(properties)
    expect(emitted.mock.calls).toEqual([['properties that are not used: no.such.name, nor.this']])
  })

  test('names the property that cannot be used, and shows no secret', () => {
    const text = `bootstrap.servers=localhost:9092
      security.protocol=SASL_SSL
      sasl.mechanism=PLAIN
      sasl.jaas.config=PlainLoginModule required username="alice" password="my-secret"`
    let error: unknown
    try {
      Kafka.fromProperties(text)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ option: 'sasl.jaas.config' })
    expect(String(error)).not.toContain('my-secret')
  })

  test('reads the files that are named', () => {
    const properties = {
      'bootstrap.servers': 'localhost:9092',
      'security.protocol': 'SSL',
      'ssl.ca.location': '/no/such/ca.pem',
    }
    expect(() => Kafka.fromProperties(properties)).toThrow(/\/no\/such\/ca\.pem.*ENOENT/)
  })
})
