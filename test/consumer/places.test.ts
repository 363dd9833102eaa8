import { describe, expect, it } from 'vitest'
import { UnsupportedVersionError } from '../../src/errors.ts'
import { join, start, type TextConsumer } from './group-fixture.ts'
import { Reading } from './loops.ts'

const orders = { topic: 'orders', partition: 0 }

/** A consumer of a partition with five records, of the times 1,000 to 5,000, the first of which is deleted. */
async function open(options: Parameters<typeof start>[0] = {}): Promise<TextConsumer> {
  const broker = await start({ topics: { orders: 1 }, ...options })
  for (const second of [1, 2, 5, 4, 3]) {
    await broker.append('orders', 0, [{ value: `at ${second}`, timestamp: second * 1_000 }])
  }
  broker.deleteRecords('orders', 0, 1)
  const consumer = join(broker, { topics: undefined, autoCommit: false })
  consumer.assign([orders])
  return consumer
}

describe('seeking to a time', () => {
  it('goes on with the first record at or after it', async () => {
    const consumer = await open()
    consumer.seekToTimestamp([{ ...orders, timestamp: 3_500 }])
    const reading = new Reading(consumer)
    await reading.reaches(3)
    expect(reading.values).toEqual(['at 5', 'at 4', 'at 3'])
  })

  it('goes on with the next record where none is as young', async () => {
    const consumer = await open()
    consumer.seekToTimestamp([{ ...orders, timestamp: 9_000 }])
    expect(await consumer.position(orders)).toBe(5)
  })

  it('takes only times, and only of what is assigned', async () => {
    const consumer = await open()
    expect(() => consumer.seekToTimestamp([{ ...orders, timestamp: -1 }])).toThrow('timestamp must be milliseconds')
    expect(() => consumer.seekToTimestamp([{ topic: 'orders', partition: 1, timestamp: 0 }])).toThrow('is not assigned')
  })
})

describe('listing offsets', () => {
  it('finds ends, times and the youngest record, and nothing in remote storage where there is none', async () => {
    const consumer = await open()
    const found = await consumer.listOffsets([{ ...orders, target: 'maxTimestamp' }])
    expect(found).toEqual([{ ...orders, offset: 2, timestamp: 5_000 }])
    for (const [target, offset] of [
      ['earliest', 1],
      ['latest', 5],
      ['earliestLocal', 1],
      ['latestTiered', undefined],
      ['earliestPendingUpload', undefined],
      [2_500, 2],
      [6_000, undefined],
    ] as const) {
      const [listed] = await consumer.listOffsets([{ ...orders, target }])
      expect({ target, offset: listed?.offset }).toEqual({ target, offset })
    }
  })

  it('says so where the broker is too old for what is asked', async () => {
    const consumer = await open({ apiVersions: { ListOffsets: { min: 1, max: 7 } } })
    const asked = consumer.listOffsets([{ ...orders, target: 'earliestLocal' }])
    await expect(asked).rejects.toBeInstanceOf(UnsupportedVersionError)
    await expect(asked).rejects.toThrow('earliestLocal offsets need version 8 of ListOffsets')
    expect(await consumer.listOffsets([{ ...orders, target: 'maxTimestamp' }])).toMatchObject([{ offset: 2 }])
  })
})
