import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import { failWith, type TestBroker } from '../../src/testing/index.ts'
import { committedOffset, fill, join, nextRequest, start } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

type Options = NonNullable<Parameters<typeof join>[1]>

const DAY_MS = 86_400_000

// Only what Date says: timers go on, as they do when somebody sets the clock of a machine.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => vi.useRealTimers())

function jump(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

async function heartbeats(broker: TestBroker, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await Promise.race([nextRequest(broker, heartbeatApi), nextRequest(broker, consumerGroupHeartbeatApi)])
  }
}

const kinds: [string, Options][] = [
  ['classic', {}],
  ['consumer', { groupProtocol: 'consumer', heartbeatIntervalMs: undefined }],
]
const jumps: [string, number][] = [
  ['a day ahead', DAY_MS],
  ['a day back', -DAY_MS],
]

describe.each(kinds)('a member of a group (%s)', (_, options) => {
  it.each(jumps)('keeps its partitions, and commits, when the clock is set %s', async (_where, ms) => {
    const broker = await start({ topics: { orders: 1 }, consumerHeartbeatIntervalMs: 20 })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }, { value: 'c' }])
    const events = new Assignments()
    const consumer = join(broker, { autoCommitIntervalMs: 10, ...options, ...events.listeners })
    const loop = consumer.records()
    await loop.next()
    // With a record in hand: it does not take a day by that.
    jump(ms)
    await heartbeats(broker, 5)
    await loop.next()
    await until(() => committedOffset(broker, 0) === 1)
    jump(ms)
    await heartbeats(broker, 5)
    expect((await loop.next()).value?.value).toBe('c')
    await until(() => committedOffset(broker, 0) === 2)
    await loop.return!()
    await consumer.close()
    expect(events.events).toEqual(['assigned orders-0', 'revoked orders-0'])
  })

  it('is out after maxPollIntervalMs, and in again, when the clock is set a day back', async () => {
    const broker = await start({ topics: { orders: 1 }, consumerHeartbeatIntervalMs: 20 })
    await broker.append('orders', 0, [{ value: 'a' }])
    const events = new Assignments()
    const consumer = join(broker, { maxPollIntervalMs: 100, autoCommit: false, ...options, ...events.listeners })
    const loop = consumer.records()
    await loop.next()
    jump(-DAY_MS)
    await until(() => consumer.groupMetadata().generationId === -1)
    const next = loop.next()
    await events.reach(1)
    expect((await next).value?.value).toBe('a')
    await loop.return!()
  })

  it.each(jumps)('tries again what failed, and looks at metadata, when the clock is set %s', async (_where, ms) => {
    const broker = await start({ consumerHeartbeatIntervalMs: 20 })
    let failureCount = 0
    broker.control(fetchApi, () => {
      if (failureCount++ % 2 === 1) return undefined
      // While the partition is left alone for a moment.
      jump(ms)
      return failWith(failureCount % 4 === 1 ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_SERVER_ERROR')
    })
    const events = new Assignments()
    const reading = new Reading(join(broker, { ...options, ...events.listeners }, { metadataMaxAgeMs: 50 }))
    await fill(broker, 0, 40)
    await reading.reaches(40)
    broker.growTopic('orders', 5)
    await broker.append('orders', 4, [{ value: '40' }])
    await reading.reaches(41)
    expect(reading.values.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 41).map(Number))
    expect(events.partitions).toHaveLength(5)
    expect(failureCount).toBeGreaterThan(2)
  })
})
