import { describe, expect, it } from 'vitest'
import type { UnreadableRecord } from '../../src/consumer/options.ts'
import { RecordError } from '../../src/errors.ts'
import type { Deserializer } from '../../src/serdes.ts'
import { committedOffset, gate, join, start, type TextConsumer } from './group-fixture.ts'
import type { TestBroker } from '../../src/testing/index.ts'
import { Reading, until } from './loops.ts'

const text = new TextDecoder()

/** Throws at `bad`, at once or later. */
const sync: Deserializer<string | null> = {
  deserialize: (bytes) => {
    const value = bytes && text.decode(bytes)
    if (value === 'bad') throw new Error('no such format')
    return value
  },
}
const later: Deserializer<string | null> = { deserialize: async (...args) => sync.deserialize(...args) }
const deserializers = [
  { how: 'at once', value: sync },
  { how: 'later', value: later },
]

async function startWith(values: readonly string[]): Promise<TestBroker> {
  const broker = await start({ topics: { orders: 1 } })
  await broker.append(
    'orders',
    0,
    values.map((value) => ({ key: 'k', value })),
  )
  return broker
}

async function batches(consumer: TextConsumer, count: number): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for await (const { records } of consumer.batches()) {
    values.push(...records.map(({ value }) => value))
    if (values.length >= count) break
  }
  return values
}

describe.each(deserializers)('a record that cannot be read ($how)', ({ value }) => {
  it('is left out if so wanted, and committed past', async () => {
    const broker = await startWith(['bad', 'a', 'bad', 'bad', 'b', 'bad'])
    const consumer = join(broker, { value, onUnreadable: 'skip' })
    const reading = new Reading(consumer)
    await reading.reaches(2)
    expect(reading.values).toEqual(['a', 'b'])
    await until(() => consumer.handledOffsets()[0]?.offset === 6)
    await consumer.close()
    expect(committedOffset(broker, 0)).toBe(6)
  })

  it('is left out of batches', async () => {
    const broker = await startWith(['bad', 'a', 'bad', 'b', 'bad', 'c'])
    expect(await batches(join(broker, { value, onUnreadable: 'skip' }), 3)).toEqual(['a', 'b', 'c'])
  })

  it('is handed to a function, and reading goes on once that has returned', async () => {
    const broker = await startWith(['a', 'bad', 'b'])
    const { open, opened } = gate()
    const letters: UnreadableRecord[] = []
    const consumer = join(broker, {
      value,
      onUnreadable: async (record) => {
        letters.push(record)
        await opened
      },
    })
    const reading = new Reading(consumer)
    await until(() => letters.length === 1)
    expect(reading.values).toEqual(['a'])
    expect(consumer.handledOffsets()[0]?.offset).toBe(1)
    open()
    await reading.reaches(2)
    expect(reading.values).toEqual(['a', 'b'])
    const [letter] = letters
    expect(letter).toMatchObject({ topic: 'orders', partition: 0, offset: 1 })
    expect([letter?.key, letter?.value].map((bytes) => bytes && text.decode(bytes))).toEqual(['k', 'bad'])
    expect(letter?.error).toBeInstanceOf(RecordError)
    expect(letter?.error).toMatchObject({ offset: 1, nextOffset: 2, cause: new Error('no such format') })
  })

  it('is handed to a function between the records of a batch', async () => {
    const broker = await startWith(['a', 'bad', 'b', 'bad'])
    const offsets: number[] = []
    const onUnreadable = ({ offset }: UnreadableRecord): void => void offsets.push(offset)
    expect(await batches(join(broker, { value, onUnreadable }), 2)).toEqual(['a', 'b'])
    expect(offsets).toEqual([1, 3])
  })

  it('is read again when the function throws, in loops and in runs', async () => {
    const broker = await startWith(['a', 'bad', 'b'])
    let fails = 2
    const consumer = join(broker, {
      value,
      onUnreadable: () => {
        if (fails-- > 0) throw new Error('no dead letters today')
      },
    })
    await expect(new Reading(consumer).done).rejects.toThrow('no dead letters today')
    expect(consumer.handledOffsets()[0]?.offset).toBe(1)
    await expect(consumer.run({ eachRecord: () => {} })).rejects.toThrow('no dead letters today')
    expect(consumer.handledOffsets()[0]?.offset).toBe(1)
    const reading = new Reading(consumer)
    await reading.reaches(1)
    expect(reading.values).toEqual(['b'])
  })
})
