import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/errors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../src/protocol/group-protocol.ts'

const subscription = {
  topics: ['a', 'b'],
  userData: Uint8Array.of(1, 2),
  ownedPartitions: [{ topic: 'a', partitions: [0, 3] }],
  generationId: 5,
  rackId: 'r1',
}

test('a subscription carries its version before it', () => {
  const bytes = encodeSubscription({ topics: ['a'] }, 0)
  expect(Buffer.from(bytes).toString('hex')).toBe('000000000001000161ffffffff')
  expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription)
  expect(encodeSubscription(subscription)[1]).toBe(3)
})

test('an older subscription has defaults for what it lacks', () => {
  expect(decodeSubscription(encodeSubscription(subscription, 1))).toEqual({
    ...subscription,
    generationId: -1,
    rackId: null,
  })
})

test('an assignment carries its version before it', () => {
  const assignment = { assignedPartitions: [{ topic: 't', partitions: [1] }], userData: null }
  const bytes = encodeAssignment(assignment, 0)
  expect(Buffer.from(bytes).toString('hex')).toBe('0000000000010001740000000100000001ffffffff')
  expect(decodeAssignment(bytes)).toEqual(assignment)
  expect(decodeAssignment(encodeAssignment(assignment))).toEqual(assignment)
})

test('no bytes at all are an empty assignment', () => {
  expect(decodeAssignment(new Uint8Array(0))).toEqual({ assignedPartitions: [], userData: null })
})

describe('a version newer than any known', () => {
  test('is read as the newest one, and what follows is left out', () => {
    const known = encodeSubscription(subscription)
    const future = Uint8Array.of(0, 9, ...known.subarray(2), 1, 2, 3)
    expect(decodeSubscription(future)).toEqual(subscription)
  })
})

test.each([
  ['nothing', ''],
  ['half a version', '00'],
  ['a negative version', 'ffff00000000ffffffff'],
  ['a huge count', '00007fffffff'],
])('a subscription of %s is refused', (_, hex) => {
  expect(() => decodeSubscription(Buffer.from(hex, 'hex'))).toThrow(DecodeError)
})
