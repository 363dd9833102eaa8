import { describe, expect, it } from 'vitest'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import type { TestBroker, TestBrokerOptions } from '../../src/testing/index.ts'
import { fill, join as joinClassic, start as startBroker, type TextConsumer } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

type Options = NonNullable<Parameters<typeof joinClassic>[1]>

function start(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return startBroker({ consumerHeartbeatIntervalMs: 20, ...options })
}

/** A member of the group `billing` under the consumer protocol, closed after the test. */
function join(broker: TestBroker, options: Options = {}): TextConsumer {
  return joinClassic(broker, { groupProtocol: 'consumer', heartbeatIntervalMs: undefined, ...options })
}

describe('a group of the consumer protocol', () => {
  it('shares partitions with members that come, and hands them back when they leave', async () => {
    const broker = await start()
    const members = [1, 2, 3].map(() => new Assignments())
    const readings: Reading<Uint8Array | null, string | null>[] = []
    const share = (): number[] => members.map(({ partitions }) => partitions.length).toSorted((a, b) => a - b)
    for (const [index, { listeners }] of members.entries()) {
      readings.push(new Reading(join(broker, listeners)))
      await until(() => share().join() === ['0,0,4', '0,2,2', '1,1,2'][index])
    }
    await fill(broker, 0, 40)
    await Promise.all(readings.map((reading, index) => reading.reaches(10 * members[index]!.partitions.length)))
    await readings[0]!.consumer.close()
    await readings[1]!.consumer.close()
    await members[2]!.reach(4)
    await fill(broker, 40, 80)
    const before = readings[0]!.values.length + readings[1]!.values.length
    await readings[2]!.reaches(80 - before)
    const all = readings.flatMap(({ values }) => values)
    expect(all.map(Number).toSorted((a, b) => a - b)).toEqual(numbers(0, 80).map(Number))
    expect(broker.requests.of(consumerGroupHeartbeatApi).length).toBeGreaterThan(5)
  })
})
