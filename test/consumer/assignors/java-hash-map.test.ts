import { expect, it } from 'vitest'
import { hashMapOrder } from '../../../src/consumer/assignors/java-hash-map.ts'

// The orders are those of OpenJDK 17.
function memberIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `consumer-${i * 7919}-é😀${i}`)
}

it('names keys in the order of their buckets in Java', () => {
  expect(hashMapOrder(memberIds(3))).toEqual([0, 2, 1])
  expect(hashMapOrder(memberIds(12))).toEqual([10, 0, 2, 4, 1, 9, 7, 3, 5, 6, 8, 11])
})

it('has twice the buckets when three quarters of them would not do', () => {
  expect(hashMapOrder(memberIds(13))).toEqual([10, 0, 2, 9, 6, 11, 4, 1, 12, 7, 3, 5, 8])
  expect(hashMapOrder(memberIds(25))).toEqual([
    10, 13, 2, 18, 24, 11, 4, 1, 7, 17, 20, 21, 0, 23, 9, 14, 6, 19, 16, 12, 15, 22, 3, 5, 8,
  ])
})

it('leaves keys of the same hash as they stand', () => {
  expect(hashMapOrder(['BB', 'Aa', 'AaBB', 'BBAa', '', 'c'])).toEqual([0, 1, 4, 5, 2, 3])
  expect(hashMapOrder([])).toEqual([])
})
