import diagnostics from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError } from '../src/errors.ts'
import { type ClientEvents, EVENT_NAMES, Events } from '../src/events.ts'
import { Kafka } from '../src/kafka.ts'
import { metadataApi } from '../src/protocol/messages/03-metadata.ts'
import { TestBroker } from '../src/testing/test-broker.ts'

let broker: TestBroker
beforeEach(async () => {
  broker = await TestBroker.start()
})
afterEach(() => broker.close())

/** Makes a topic with a client of its own, which takes a connection and metadata. */
async function use(kafka: Kafka): Promise<void> {
  const admin = kafka.admin()
  await admin.createTopics([{ name: crypto.randomUUID() }])
  await admin.close()
}

const clientOf = (options: object = {}): Kafka =>
  new Kafka({ bootstrapServers: broker.bootstrapServers, clientId: 'watched', ...options })

describe('kafka.on', () => {
  test('tells connections, requests, responses and metadata', async () => {
    const kafka = clientOf()
    const seen: Partial<Record<keyof ClientEvents, object>> = {}
    for (const name of EVENT_NAMES) kafka.on(name, (event) => (seen[name] ??= event))
    await use(kafka)
    const connection = { clientId: 'watched', nodeId: -1, host: '127.0.0.1', port: broker.nodes[0]!.port }
    expect(seen.connect).toMatchObject({ ...connection, purpose: 'general', durationMs: expect.any(Number) as number })
    expect(seen.request).toMatchObject({ ...connection, api: 'ApiVersions', correlationId: 0 })
    expect(seen.response).toMatchObject({
      ...connection,
      api: 'ApiVersions',
      sizeInBytes: expect.any(Number) as number,
      responseSizeInBytes: expect.any(Number) as number,
      durationMs: expect.any(Number) as number,
    })
    expect(seen.metadata).toMatchObject({ clientId: 'watched', clusterId: broker.clusterId, brokerCount: 1 })
    expect(seen.disconnect).toMatchObject({ ...connection, error: undefined })
    expect(seen.connectError).toBeUndefined()
  })

  test('tells attempts that failed, and connections that were lost, with their error', async () => {
    const kafka = clientOf()
    const lost: unknown[] = []
    const failed: unknown[] = []
    kafka.on('disconnect', ({ error }) => error && lost.push(error))
    kafka.on('connectError', ({ error }) => failed.push(error))
    broker.control(metadataApi, () => 'drop', { once: true })
    await use(kafka)
    expect(lost).toEqual([expect.objectContaining({ code: 'KAFKA_CONNECTION' })])
    await broker.close()
    const admin = kafka.admin()
    await expect(admin.listTopics({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'KAFKA_CONNECTION' })
    await admin.close()
    expect(failed[0]).toMatchObject({ code: 'KAFKA_CONNECTION' })
    broker = await TestBroker.start()
  })

  test('tells no more once the returned function was called', async () => {
    const kafka = clientOf()
    const listener = vi.fn<() => void>()
    const stop = kafka.on('connect', listener)
    await use(kafka)
    const { calls } = listener.mock
    const before = calls.length
    expect(before).toBeGreaterThan(0)
    stop()
    await use(kafka)
    expect(calls).toHaveLength(before)
  })

  test('refuses names of events that there are not, and listeners that are no functions', () => {
    const kafka = clientOf()
    expect(() => kafka.on('conect' as 'connect', () => {})).toThrow(
      new ConfigError('name', `there is no event "conect": there are ${EVENT_NAMES.join(', ')}`),
    )
    expect(() => kafka.on('connect', 1 as unknown as () => void)).toThrow(ConfigError)
  })

  test('a listener that throws does not stop the client: its error is an uncaught one', async () => {
    const kafka = clientOf()
    const fault = new Error('fault of the listener')
    const uncaught = new Promise((resolve) => vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(resolve))
    const second = vi.fn<() => void>()
    kafka.on('connect', () => {
      throw fault
    })
    kafka.on('connect', second)
    await use(kafka)
    expect((await uncaught) as () => void).toThrow(fault)
    expect(second).toHaveBeenCalled()
    vi.restoreAllMocks()
  })
})

describe('diagnostics channels', () => {
  test.each(EVENT_NAMES)('kafkawire:%s gets what listeners get', (name) => {
    const events = new Events()
    const seen: unknown[] = []
    const subscriber = (message: unknown): void => void seen.push(message)
    diagnostics.subscribe(`kafkawire:${name}`, subscriber)
    const hook = events.hooks[name] as (event: unknown) => void
    hook({ is: name })
    diagnostics.unsubscribe(`kafkawire:${name}`, subscriber)
    expect(seen).toEqual([{ is: name }])
  })

  test('make no events without subscribers', () => {
    expect(EVENT_NAMES.map((name) => new Events().hooks[name])).toEqual(EVENT_NAMES.map(() => undefined))
  })
})

describe('a logger', () => {
  interface Entry {
    level: string
    message: string
    fields: object
  }

  function logTo(
    entries: Entry[],
  ): Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields: object) => void> {
    const at =
      (level: string) =>
      (message: string, fields: object): void =>
        void entries.push({ level, message, fields })
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }

  test('gets warnings and no details unless asked for', async () => {
    const entries: Entry[] = []
    broker.control(metadataApi, () => 'drop', { once: true })
    await use(clientOf({ logger: logTo(entries) }))
    expect(entries.map(({ level, message }) => [level, message])).toEqual([
      ['warn', expect.stringMatching(/^lost the connection to 127\.0\.0\.1:\d+: the peer closed it/)],
    ])
    expect(entries[0]!.fields).toMatchObject({ clientId: 'watched', error: expect.any(Error) as Error })
  })

  test('gets everything at the level debug', async () => {
    const entries: Entry[] = []
    broker.control(metadataApi, async (call) => ({ ...(await call.serve()), throttleTimeMs: 1 }), { once: true })
    await use(clientOf({ logger: logTo(entries), logLevel: 'debug' }))
    const messages = entries.map(({ level, message }) => `${level} ${message}`)
    for (const pattern of [
      /^debug connected to 127\.0\.0\.1:\d+ for general$/,
      /^debug ApiVersions \d to 127/,
      /^debug ApiVersions of 127\.0\.0\.1:\d+ after [\d.]+ ms$/,
      /^debug metadata of 1 brokers and 0 topics$/,
      /^warn throttled by 127\.0\.0\.1:\d+ for 1 ms, as a quota is exceeded: Metadata$/,
      /^debug disconnected from 127/,
    ]) {
      expect(messages).toContainEqual(expect.stringMatching(pattern))
    }
  })

  test('may have some of the methods only', async () => {
    const entries: Entry[] = []
    const { error } = logTo(entries)
    broker.control(metadataApi, () => 'drop', { once: true })
    await use(clientOf({ logger: { error }, logLevel: 'debug' }))
    expect(entries).toEqual([])
  })

  test('that is none is refused', () => {
    expect(() => clientOf({ logger: { log: () => {} } })).toThrow(ConfigError)
    expect(() => clientOf({ logLevel: 'verbose' })).toThrow('logLevel must be one of debug, info, warn, error')
  })
})
