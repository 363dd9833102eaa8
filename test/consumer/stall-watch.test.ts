import { expect, test } from 'vitest'
import { Assignment } from '../../src/consumer/assignment.ts'
import type { StalledEvent } from '../../src/consumer/hooks.ts'
import type { PartitionState } from '../../src/consumer/partition-state.ts'
import { StallWatch } from '../../src/consumer/stall-watch.ts'

/** A watch with a timeout of 100, and the partition that it watches: at offset 5 of 10. */
function watched(): { state: PartitionState; look: (now: number) => StalledEvent[] } {
  const assignment = new Assignment()
  const events: StalledEvent[] = []
  assignment.replace([{ topic: 'orders', partition: 0 }])
  const [state] = assignment.states
  state!.seek({ offset: 5, epoch: -1 })
  state!.highWatermark = 10
  const host = { assignment, onStalled: (event: StalledEvent) => events.push(event), waitsFor: () => 'fetch' as const }
  const watch = new StallWatch(host, {
    groupId: undefined,
    stallTimeoutMs: 100,
    isolationLevel: 'read_uncommitted',
  })
  return {
    state: state!,
    look: (now) => {
      events.length = 0
      watch.look(now)
      return [...events]
    },
  }
}

test('a partition with records that does not move is told of once a timeout', () => {
  const { state, look } = watched()
  expect(look(1_000)).toEqual([])
  expect(look(1_099)).toEqual([])
  expect(look(1_100)).toMatchObject([{ topic: 'orders', position: 5, lag: 5, stalledMs: 100, waitsFor: 'fetch' }])
  expect(look(1_150)).toEqual([])
  expect(look(1_200)).toMatchObject([{ stalledMs: 200 }])
  state.advance(6, -1)
  expect(look(1_300)).toEqual([])
  expect(look(1_399)).toEqual([])
  expect(look(1_400)).toMatchObject([{ position: 6, stalledMs: 100 }])
})

test('a partition is not told of while it is paused', () => {
  const { state, look } = watched()
  state.isPaused = true
  look(1_000)
  expect(look(1_500)).toEqual([])
  state.isPaused = false
  expect(look(1_599)).toEqual([])
  expect(look(1_600)).toHaveLength(1)
})

test('a partition at its end is told of only when no broker has confirmed that in time', () => {
  const { state, look } = watched()
  state.advance(10, -1)
  state.heardAt = 1_450
  look(1_000)
  expect(look(1_500)).toEqual([])
  expect(look(1_560)).toEqual([])
  expect(look(1_600)).toMatchObject([{ lag: 0, stalledMs: 100 }])
})

test('the last record counts as behind while it is in hand', () => {
  const { state, look } = watched()
  state.advance(10, -1)
  state.heldFrom = 9
  state.heardAt = 1_100
  look(1_000)
  expect(look(1_100)).toMatchObject([{ position: 10, lag: 0 }])
})
