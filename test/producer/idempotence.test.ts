import { describe, expect, test } from 'vitest'
import { nextSequence, ProducerBatch } from '../../src/producer/batch.ts'
import { EnqueuedDelivery } from '../../src/producer/deliveries.ts'
import { Idempotence } from '../../src/producer/idempotence.ts'
import { PartitionQueue } from '../../src/producer/partition-queue.ts'
import type { ProducerIdSource } from '../../src/producer/producer-id.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { NEW_MEMORY } from '../../src/protocol/records/batch-memory.ts'

/** A source that has its id and only counts epochs. */
function fakeSource(isTransactional = false): ProducerIdSource {
  const source = {
    isTransactional,
    isReady: true,
    producerId: 7n,
    producerEpoch: 0,
    obtain: () => Promise.resolve(),
    bumpEpoch: () => {
      source.producerEpoch++
    },
  }
  return source as unknown as ProducerIdSource
}

function batchOf(count: number): ProducerBatch {
  const batch = new ProducerBatch('t', 0, 0, 1000, 1000, 1000, NEW_MEMORY)
  for (let i = 0; i < count; i++) batch.append(null, 'x', [], 0, new EnqueuedDelivery(undefined), 0)
  return batch
}

/** Numbers a batch and puts it in flight. */
function send(idempotence: Idempotence, queue: PartitionQueue, count: number): ProducerBatch {
  const batch = batchOf(count)
  idempotence.identify(queue, batch)
  queue.inFlight.push(batch)
  return batch
}

/** Ends the oldest batch in flight well. */
function store(idempotence: Idempotence, queue: PartitionQueue): void {
  idempotence.stored(queue, queue.inFlight.shift()!, 0)
}

describe('sequences', () => {
  test.each([
    [0, 5, 5],
    [0x7fffffff, 1, 0],
    [0x7ffffffe, 5, 3],
  ])('after %i and %i records comes %i', (sequence, count, next) => {
    expect(nextSequence(sequence, count)).toBe(next)
  })

  test('wrap from 2^31 - 1 to 0, and what is acknowledged beyond is the newest', () => {
    const idempotence = new Idempotence(fakeSource())
    const queue = new PartitionQueue('t', 0)
    send(idempotence, queue, 1)
    store(idempotence, queue)
    queue.nextSequence = 0x7ffffffe
    queue.lastAckedSequence = 0x7ffffffd
    const across = send(idempotence, queue, 4)
    const behind = send(idempotence, queue, 1)
    expect(across.identity?.baseSequence).toBe(0x7ffffffe)
    expect(behind.identity?.baseSequence).toBe(2)
    store(idempotence, queue)
    expect(queue.lastAckedSequence).toBe(1)
    // The one behind is the next now; had it come before its turn, trying again would do.
    idempotence.shouldRetry(queue, behind, ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, -1)
    expect(queue.restartFrom).toBe(behind.order)
  })

  test('a batch beyond the next one that is out of order only has to be sent again', () => {
    const idempotence = new Idempotence(fakeSource())
    const queue = new PartitionQueue('t', 0)
    send(idempotence, queue, 1)
    store(idempotence, queue)
    send(idempotence, queue, 2)
    const beyond = send(idempotence, queue, 2)
    expect(idempotence.shouldRetry(queue, beyond, ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, -1)).toBe(true)
    expect(queue.restartFrom).toBe(Infinity)
  })
})

describe('a batch of unknown fate', () => {
  test('holds up new ones until its neighbours are settled, and is forgotten when it was stored after all', () => {
    const source = fakeSource()
    const idempotence = new Idempotence(source)
    const queue = new PartitionQueue('t', 0)
    send(idempotence, queue, 1)
    store(idempotence, queue)
    const lost = send(idempotence, queue, 2)
    idempotence.gaveUp(queue, lost, true)
    const fresh = batchOf(1)
    queue.batches.push(fresh)
    idempotence.resolve(queue)
    expect(idempotence.canSend(queue, fresh)).toBe(false)
    // Its answer comes late.
    store(idempotence, queue)
    idempotence.resolve(queue)
    expect(idempotence.canSend(queue, fresh)).toBe(true)
    expect(source.producerEpoch).toBe(0)
  })

  test('costs an epoch when nothing ever tells of it', () => {
    const source = fakeSource()
    const idempotence = new Idempotence(source)
    const queue = new PartitionQueue('t', 0)
    send(idempotence, queue, 1)
    store(idempotence, queue)
    const lost = send(idempotence, queue, 2)
    idempotence.gaveUp(queue, lost, true)
    queue.inFlight.length = 0
    idempotence.resolve(queue)
    const fresh = send(idempotence, queue, 1)
    expect(source.producerEpoch).toBe(1)
    expect(fresh.identity).toMatchObject({ producerId: 7n, producerEpoch: 1, baseSequence: 0 })
  })
})

describe('an epoch that was raised elsewhere', () => {
  test('is taken over once nothing of the old one is in flight', () => {
    const source = fakeSource()
    const idempotence = new Idempotence(source)
    const queue = new PartitionQueue('t', 0)
    send(idempotence, queue, 1)
    store(idempotence, queue)
    send(idempotence, queue, 1)
    source.bumpEpoch({ producerId: 7n, producerEpoch: 0 })
    const fresh = batchOf(1)
    expect(idempotence.canSend(queue, fresh)).toBe(false)
    store(idempotence, queue)
    expect(idempotence.canSend(queue, fresh)).toBe(true)
    idempotence.identify(queue, fresh)
    expect(fresh.identity).toMatchObject({ producerId: 7n, producerEpoch: 1, baseSequence: 0 })
  })

  test('is not touched by an answer to a batch of the old one, which nobody waits for any more', () => {
    const source = fakeSource(true)
    const idempotence = new Idempotence(source)
    const queue = new PartitionQueue('t', 0)
    const late = send(idempotence, queue, 1)
    idempotence.gaveUp(queue, late, true)
    queue.inFlight.length = 0
    source.bumpEpoch({ producerId: 7n, producerEpoch: 0 })
    idempotence.resolve(queue)
    idempotence.shouldRetry(queue, late, ERROR.UNKNOWN_PRODUCER_ID, 0)
    expect(queue).toMatchObject({ producerEpoch: 1, isForgotten: false, restartFrom: Infinity })
  })
})
