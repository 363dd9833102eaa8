import { describe, expect, it } from 'vitest'
import { leaveGroupApi } from '../../src/protocol/messages/13-leave-group.ts'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { committedOffset, fill, join, start } from './group-fixture.ts'
import { Assignments, Reading, until } from './loops.ts'

type Options = NonNullable<Parameters<typeof join>[1]>

const kinds: [string, Options][] = [
  ['eager', { sessionTimeoutMs: 30_000 }],
  ['cooperative', { sessionTimeoutMs: 30_000, assignors: ['cooperative-sticky'] }],
  ['consumer', { groupProtocol: 'consumer', heartbeatIntervalMs: undefined }],
]

/** Two members with two partitions each, the first of which has read a record of each of its own. */
async function pair(
  options: Options,
  firstOptions: Options = {},
  settings: Parameters<typeof start>[0] = {},
): Promise<{
  broker: TestBroker
  first: Reading<Uint8Array | null, string | null>
  second: Reading<Uint8Array | null, string | null>
  events: Assignments
  firstEvents: Assignments
}> {
  const broker = await start({ consumerHeartbeatIntervalMs: 20, consumerSessionTimeoutMs: 30_000, ...settings })
  const [firstEvents, events] = [new Assignments(), new Assignments()]
  const first = new Reading(join(broker, { ...options, ...firstOptions, ...firstEvents.listeners }))
  const second = new Reading(join(broker, { ...options, ...events.listeners }))
  await Promise.all([firstEvents.reach(2), events.reach(2)])
  await fill(broker, 0, 4)
  await Promise.all([first.reaches(2), second.reaches(2)])
  return { broker, first, second, events, firstEvents }
}

/** How members said that they were done with the group: member epochs, or `left` for LeaveGroup. */
function farewells(broker: TestBroker): (number | 'left')[] {
  const epochs = broker.requests.of(consumerGroupHeartbeatApi).map(({ request }) => request.memberEpoch)
  const left = broker.requests.of(leaveGroupApi).map(() => 'left' as const)
  return [...left, ...epochs.filter((epoch) => epoch < 0)]
}

describe.each(kinds)('closing a member of a group (%s)', (kind, options) => {
  const isNew = kind === 'consumer'

  it.each<[string, Options, { groupMembership?: 'leave' | 'remain' }]>([
    ['a dynamic one', {}, {}],
    ['a dynamic one that is to leave', {}, { groupMembership: 'leave' }],
    ['a static one that is to leave', { groupInstanceId: 'one' }, { groupMembership: 'leave' }],
  ])('has others take its partitions at once: %s', async (_, firstOptions, closing) => {
    const { broker, first, second, events } = await pair(options, firstOptions)
    await first.consumer.close(closing)
    await events.reach(4)
    await fill(broker, 4, 8)
    await second.reaches(6)
    expect(new Set(second.values).size).toBe(6)
    expect(farewells(broker)).toEqual([isNew ? -1 : 'left'])
  })

  it.each<[string, Options, { groupMembership?: 'leave' | 'remain' }]>([
    ['a static one', { groupInstanceId: 'one' }, {}],
    ['a static one that is to remain', { groupInstanceId: 'one' }, { groupMembership: 'remain' }],
  ])('keeps its partitions for its next start: %s', async (_, firstOptions, closing) => {
    const { broker, first, events, firstEvents } = await pair(options, firstOptions)
    const kept = firstEvents.partitions
    await first.consumer.close(closing)
    expect(farewells(broker)).toEqual(isNew ? [-2] : [])
    const again = new Assignments()
    const reading = new Reading(join(broker, { ...options, ...firstOptions, ...again.listeners }))
    await again.reach(2)
    expect(again.partitions).toEqual(kept)
    await fill(broker, 4, 8)
    await reading.reaches(2)
    expect(events.events.filter((event) => event.startsWith('lost'))).toEqual([])
    expect(farewells(broker)).toEqual(isNew ? [-2] : [])
  })

  it('rests the partitions of a dynamic one that is to remain until its session is over', async () => {
    const [ofMember, ofBroker] = isNew ? [{}, { consumerSessionTimeoutMs: 500 }] : [{ sessionTimeoutMs: 500 }, {}]
    const { broker, first, second, events, firstEvents } = await pair({ ...options, ...ofMember }, {}, ofBroker)
    const rested = firstEvents.partitions.map((name) => Number(name.split('-')[1]))
    await first.consumer.close({ groupMembership: 'remain' })
    // It has committed what it handled, for whoever comes next.
    expect(rested.map((partition) => committedOffset(broker, partition))).toEqual([1, 1])
    await fill(broker, 4, 8)
    await events.reach(4)
    await until(() => second.values.length === 6)
    expect(farewells(broker)).toEqual([])
  })
})
