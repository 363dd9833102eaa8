import { describe, expect, it } from 'vitest'
import { ProducerBatch } from '../../src/producer/batch.ts'
import { ManyDelivery, SingleDelivery } from '../../src/producer/deliveries.ts'
import { NEW_MEMORY } from '../../src/protocol/records/batch-memory.ts'
import { brokerError } from '../../src/protocol/error-codes.ts'

/** A batch of three records, whose outcomes are awaited one by one and together. */
function batchOfThree(): { batch: ProducerBatch; outcomes: Promise<unknown>[] } {
  const batch = new ProducerBatch('t', 0, 0, 1000, 1000, 1000, NEW_MEMORY)
  const one = new Promise((resolve, reject) => {
    batch.append('k', 'a', [], 1, new SingleDelivery(resolve, reject), 0)
  })
  const two = new Promise((resolve, reject) => {
    const delivery = new ManyDelivery(2, resolve, reject)
    batch.append('k', 'b', [], 2, delivery, 0)
    batch.append('k', 'c', [], 3, delivery, 1)
  })
  return { batch, outcomes: [one, two] }
}

describe('a batch that is settled', () => {
  it('has told everyone, and keeps nothing of its records but how many they were', async () => {
    const { batch, outcomes } = batchOfThree()
    const settled = batch.settled()
    batch.succeed(40, -1)
    const [one, two] = (await Promise.all(outcomes)) as [unknown, { at(i: number): unknown }]
    expect(one).toEqual({ topic: 't', partition: 0, offset: 40, timestamp: 1 })
    expect(two.at(1)).toEqual({ topic: 't', partition: 0, offset: 42, timestamp: 3 })
    await settled
    expect([batch.timestamps, batch.tags, batch.count]).toEqual([[], [], 3])
  })

  it('does so when it failed, too', async () => {
    const { batch, outcomes } = batchOfThree()
    const settled = batch.settled()
    const refused = Promise.allSettled(outcomes)
    batch.fail(brokerError(29, { api: 'Produce' }))
    for (const { status } of await refused) expect(status).toBe('rejected')
    await settled
    expect([batch.timestamps, batch.tags, batch.count]).toEqual([[], [], 3])
  })
})
