import { describe, expect, it } from 'vitest'
import type { Api } from '../../src/protocol/api.ts'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { listOffsetsApi } from '../../src/protocol/messages/02-list-offsets.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { offsetForLeaderEpochApi } from '../../src/protocol/messages/23-offset-for-leader-epoch.ts'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { committedOffset, fill, join, nextRequest, start } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

type Options = NonNullable<Parameters<typeof join>[1]>

/** What any consumer in a group asks. */
const common: readonly Api<object, object>[] = [
  fetchApi,
  listOffsetsApi,
  metadataApi,
  offsetCommitApi,
  offsetFetchApi,
  findCoordinatorApi,
  apiVersionsApi,
  offsetForLeaderEpochApi,
] as never
const classic: readonly Api<object, object>[] = [joinGroupApi, syncGroupApi, heartbeatApi, leaveGroupApi] as never

const kinds: [string, Options, readonly Api<object, object>[]][] = [
  ['eager', {}, [...common, ...classic]],
  ['cooperative', { assignors: ['cooperative-sticky'] }, [...common, ...classic]],
  [
    'consumer',
    { groupProtocol: 'consumer', heartbeatIntervalMs: undefined },
    [...common, consumerGroupHeartbeatApi] as never,
  ],
]

/** Has answers of an API ask for a pause (KIP-219). The result counts them. */
function throttle<Request extends object, Response extends object>(
  broker: TestBroker,
  { key }: Api<Request, Response>,
  throttleTimeMs: number,
  { once = false } = {},
): { count: number } {
  const throttled = { count: 0 }
  broker.control(
    key,
    async ({ serve }) => {
      throttled.count++
      return { ...(await serve()), throttleTimeMs }
    },
    { once },
  )
  return throttled
}

describe.each(kinds)('a group (%s)', (_, options, apis) => {
  it('reads every record once while each answer asks for a pause', async () => {
    const broker = await start({ nodes: 2, consumerHeartbeatIntervalMs: 20 })
    const throttled = apis.map((api) => ({ name: api.name, answers: throttle(broker, api, 3) }))
    const events = [new Assignments(), new Assignments()]
    const readings = events.map(({ listeners }) => new Reading(join(broker, { ...options, ...listeners })))
    await Promise.all(events.map((each) => each.reach(2)))
    const values = (): (string | null)[] => readings.flatMap((reading) => reading.values)
    await fill(broker, 0, 80)
    await until(() => values().length === 80)
    for (const partition of [0, 1, 2, 3]) broker.moveLeader('orders', partition, (partition % 2) + 1)
    await readings[0]!.consumer.close()
    await events[1]!.reach(4)
    await fill(broker, 80, 160)
    await until(() => values().length === 160)
    await readings[1]!.consumer.close()
    expect(
      values()
        .map(Number)
        .toSorted((a, b) => a - b),
    ).toEqual(numbers(0, 160).map(Number))
    expect([0, 1, 2, 3].map((partition) => committedOffset(broker, partition))).toEqual([40, 40, 40, 40])
    expect(throttled.filter(({ answers }) => answers.count === 0)).toEqual([])
  })
})

describe('a pause that a broker asks for', () => {
  it('holds up only what is asked over the same connection', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'a' }, { value: 'b' }])
    throttle(broker, fetchApi, 3_600_000)
    const consumer = join(broker)
    const loop = consumer.records()
    await loop.next()
    for (let count = 0; count < 5; count++) await nextRequest(broker, heartbeatApi)
    await consumer.commit()
    expect(committedOffset(broker, 0)).toBe(1)
    // Fetched already.
    expect((await loop.next()).value?.value).toBe('b')
    expect(await consumer.endOffsets([{ topic: 'orders', partition: 0 }])).toMatchObject([{ offset: 2 }])
    const waiting = loop.next()
    const left = nextRequest(broker, leaveGroupApi)
    await consumer.close()
    await Promise.all([waiting, left])
    expect(broker.requests.count(fetchApi)).toBe(2)
    expect(committedOffset(broker, 0)).toBe(2)
  })

  it('does not keep a consumer from closing in time, be it without a word to its group', async () => {
    const broker = await start({ topics: { orders: 1 }, consumerHeartbeatIntervalMs: 20 })
    const events = new Assignments()
    const consumer = join(broker, { groupProtocol: 'consumer', heartbeatIntervalMs: undefined, ...events.listeners })
    const reading = new Reading(consumer)
    await events.reach(1)
    const throttled = throttle(broker, consumerGroupHeartbeatApi, 3_600_000, { once: true })
    await until(() => throttled.count === 1)
    // By the time of another answer the client has read that one.
    await consumer.endOffsets([{ topic: 'orders', partition: 0 }])
    await consumer.close({ timeoutMs: 100 })
    await reading.done
    const epochs = broker.requests.of(consumerGroupHeartbeatApi).map(({ request }) => request.memberEpoch)
    expect(epochs).not.toContain(-1)
  })
})
