import { describe, expect, it } from 'vitest'
import { resetDurationMs, resetTarget } from '../../src/consumer/offset-reset.ts'
import { join, start } from './group-fixture.ts'
import { Reading, until } from './loops.ts'

describe('a reset by duration', () => {
  it.each<[string, number | undefined]>([
    ['by_duration:P1D', 86_400_000],
    ['by_duration:PT1H', 3_600_000],
    ['by_duration:PT1.5S', 1_500],
    ['by_duration:P2DT3H4M5.678S', 183_845_678],
    ['by_duration:pt1m', 60_000],
    ['by_duration:PT0S', 0],
    ['by_duration:P', undefined],
    ['by_duration:PT', undefined],
    ['by_duration:P1DT', undefined],
    ['by_duration:P-1D', undefined],
    ['by_duration:1h', undefined],
    ['P1D', undefined],
    ['latest', undefined],
  ])('of %s is %s ms', (policy, ms) => {
    expect(resetDurationMs(policy)).toBe(ms)
  })

  it('never goes back before 1970', () => {
    expect(resetTarget('by_duration:P99999D')).toBe(0)
  })

  it('starts at the first record that is young enough', async () => {
    const broker = await start({ topics: { orders: 1 } })
    const now = Date.now()
    await broker.append('orders', 0, [
      { value: 'old', timestamp: now - 7_200_000 },
      { value: 'young', timestamp: now - 60_000 },
      { value: 'new', timestamp: now },
    ])
    const reading = new Reading(join(broker, { autoOffsetReset: 'by_duration:PT1H' }))
    await reading.reaches(2)
    expect(reading.values).toEqual(['young', 'new'])
  })

  it('starts at the end when no record is', async () => {
    const broker = await start({ topics: { orders: 1 } })
    await broker.append('orders', 0, [{ value: 'old', timestamp: Date.now() - 7_200_000 }])
    const consumer = join(broker, { autoOffsetReset: 'by_duration:PT1H' })
    const reading = new Reading(consumer)
    await until(() => consumer.handledOffsets()[0]?.offset === 1)
    await broker.append('orders', 0, [{ value: 'new' }])
    await reading.reaches(1)
    expect(reading.values).toEqual(['new'])
  })
})
