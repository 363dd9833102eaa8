import { expect, test } from 'vitest'
import { SampledStat } from '../src/sampled-stat.ts'

test('a sampled value has count and total of all time, average and maximum of the last windows', () => {
  const stat = new SampledStat()
  expect([stat.count, stat.total, stat.average(0), stat.max(0)]).toEqual([0, 0, 0, 0])
  stat.add(10, 1_000)
  stat.add(20, 2_000)
  expect([stat.count, stat.total, stat.average(2_000), stat.max(2_000)]).toEqual([2, 30, 15, 20])
  stat.add(60, 40_000)
  expect([stat.average(40_000), stat.max(40_000)]).toEqual([30, 60])
  expect([stat.average(75_000), stat.max(75_000)]).toEqual([60, 60])
  expect([stat.average(140_000), stat.max(140_000)]).toEqual([0, 0])
  expect([stat.count, stat.total]).toEqual([3, 90])
})
