import { describe, expect, it } from 'vitest'
import { fill, join, start } from './group-fixture.ts'
import { Assignments, numbers, Reading, until } from './loops.ts'

describe.each([
  ['classic', {}],
  ['consumer', { groupProtocol: 'consumer', heartbeatIntervalMs: undefined }],
] as const)('a group of the %s protocol', (_, options) => {
  it('shares partitions with members that come, and hands them back when they leave', async () => {
    const broker = await start({ consumerHeartbeatIntervalMs: 20 })
    const members = [1, 2, 3].map(() => new Assignments())
    const readings: Reading<Uint8Array | null, string | null>[] = []
    const share = (): number[] => members.map(({ partitions }) => partitions.length).toSorted((a, b) => a - b)
    for (const [index, { listeners }] of members.entries()) {
      readings.push(new Reading(join(broker, { ...options, ...listeners })))
      await until(() => share().join() === ['0,0,4', '0,2,2', '1,1,2'][index])
    }
    expect(members.flatMap(({ partitions }) => partitions).toSorted()).toEqual([
      'orders-0',
      'orders-1',
      'orders-2',
      'orders-3',
    ])
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
  })
})
