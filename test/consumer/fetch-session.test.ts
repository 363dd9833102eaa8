import { describe, expect, it } from 'vitest'
import type { FetchItem } from '../../src/consumer/fetch-request.ts'
import { FetchSession, type SessionStep } from '../../src/consumer/fetch-session.ts'
import { PartitionState } from '../../src/consumer/partition-state.ts'

const ids = new Map([['orders', 'id-of-orders']])

function item(partition: number, offset: number, leaderEpoch = 0): FetchItem {
  const state = new PartitionState('orders', partition)
  return { topic: 'orders', partition, state, version: 0, offset, leaderEpoch, lastEpoch: -1 }
}

/** The step in short: id, epoch, what is sent as `partition@offset`, and the partitions that are forgotten. */
function inShort({ sessionId, sessionEpoch, sent, forgotten }: SessionStep): unknown[] {
  const places = sent.map(({ partition, offset }) => `${partition}@${offset}`)
  return [sessionId, sessionEpoch, places.join(' '), forgotten.map(({ partition }) => partition).join(' ')]
}

describe('a fetch session', () => {
  it('begins with everything and goes on with what changed', () => {
    const session = new FetchSession()
    expect(inShort(session.step(17, [item(0, 5), item(1, 5)], ids))).toEqual([0, 0, '0@5 1@5', ''])
    session.accept(77)
    expect(inShort(session.step(17, [item(0, 9), item(1, 5)], ids))).toEqual([77, 1, '0@9', ''])
    session.accept(77)
    expect(inShort(session.step(17, [item(0, 9)], ids))).toEqual([77, 2, '', '1'])
    session.accept(77)
    expect(inShort(session.step(17, [item(1, 5), item(0, 9, 1)], ids))).toEqual([77, 3, '1@5 0@9', ''])
  })

  it('says everything each time to a broker that keeps none', () => {
    const session = new FetchSession()
    for (let i = 0; i < 2; i++) {
      expect(inShort(session.step(17, [item(0, 5)], ids))).toEqual([0, 0, '0@5', ''])
      session.accept(0)
    }
    expect(inShort(session.step(6, [item(0, 5)], undefined))).toEqual([0, -1, '0@5', ''])
  })

  it('begins anew and ends the old one when a request failed', () => {
    const session = new FetchSession()
    session.step(17, [item(0, 5)], ids)
    session.accept(77)
    session.step(17, [item(0, 9)], ids)
    session.restart()
    expect(inShort(session.step(17, [item(0, 9)], ids))).toEqual([77, 0, '0@9', ''])
    session.accept(78)
    expect(inShort(session.step(17, [item(0, 9)], ids))).toEqual([78, 1, '', ''])
  })

  it('begins anew when the broker has lost it', () => {
    const session = new FetchSession()
    session.step(17, [item(0, 5)], ids)
    session.accept(77)
    session.forget()
    expect(inShort(session.step(17, [item(0, 5)], ids))).toEqual([0, 0, '0@5', ''])
  })

  it('begins anew when names take the place of ids', () => {
    const session = new FetchSession()
    session.step(17, [item(0, 5)], ids)
    session.accept(77)
    expect(inShort(session.step(12, [item(0, 5)], undefined))).toEqual([77, 0, '0@5', ''])
  })

  it('forgets a topic under its old id when it was made again under the same name', () => {
    const session = new FetchSession()
    session.step(17, [item(0, 5)], ids)
    session.accept(77)
    const step = session.step(17, [item(0, 5)], new Map([['orders', 'another id']]))
    expect(inShort(step)).toEqual([77, 1, '0@5', '0'])
    expect(step.forgotten[0]?.topicId).toBe('id-of-orders')
  })

  it('is ended by name', () => {
    const session = new FetchSession()
    expect(session.end()).toBeUndefined()
    session.step(17, [item(0, 5)], ids)
    session.accept(77)
    expect(session.end()).toEqual({ sessionId: 77, sessionEpoch: -1 })
    expect(session.end()).toBeUndefined()
  })
})
