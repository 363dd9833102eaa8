import { describe, expect, it } from 'vitest'
import { DecodeError, UnsupportedVersionError } from '../../../src/errors.ts'
import { groupMemberKey } from '../../../src/protocol/stored/group-keys.ts'
import { offsetCommitKey, offsetCommitValue } from '../../../src/protocol/stored/offset-commit.ts'
import { decodeOffsetsRecord } from '../../../src/protocol/stored/offsets-record.ts'
import { encodeVersioned } from '../../../src/protocol/stored/versioned.ts'

/** A key of the given type: keys have the type where values have their version. */
function keyOf(type: number, body: Uint8Array): Uint8Array {
  return Uint8Array.of(type >> 8, type & 0xff, ...body)
}

const commitKey = keyOf(1, offsetCommitKey.encode({ group: 'billing', topic: 'orders', partition: 2 }, 0))

describe('decodeOffsetsRecord', () => {
  it('reads a committed offset', () => {
    const value = encodeVersioned(offsetCommitValue, { offset: 42n, metadata: 'm', commitTimestamp: 7n }, 3)
    expect(decodeOffsetsRecord(commitKey, value)).toEqual({
      kind: 'offset-commit',
      key: { group: 'billing', topic: 'orders', partition: 2 },
      value: {
        offset: 42n,
        leaderEpoch: -1,
        metadata: 'm',
        commitTimestamp: 7n,
        expireTimestamp: -1n,
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      },
    })
  })

  it('tells by its kind what the value is', () => {
    const value = encodeVersioned(offsetCommitValue, { offset: 42n }, 4)
    const record = decodeOffsetsRecord(commitKey, value)
    expect(record.kind === 'offset-commit' && record.value?.offset).toBe(42n)
  })

  it('gives null for the value of a tombstone', () => {
    const key = keyOf(5, groupMemberKey.encode({ groupId: 'g', memberId: 'm' }, 0))
    expect(decodeOffsetsRecord(key, null)).toEqual({
      kind: 'consumer-group-member-metadata',
      key: { groupId: 'g', memberId: 'm' },
      value: null,
    })
  })

  it.each([9, 18, 24, 0x7fff])('hands back the bytes of a record of the unknown type %i', (type) => {
    const key = keyOf(type, Uint8Array.of(1, 2, 3))
    const value = Uint8Array.of(4)
    expect(decodeOffsetsRecord(key, value)).toEqual({ kind: 'unknown', type, key, value })
    expect(decodeOffsetsRecord(key, null)).toEqual({ kind: 'unknown', type, key, value: null })
  })

  it('refuses a value of a version that it does not know, and names it', () => {
    const value = Uint8Array.of(0, 5, 0)
    const act = () => decodeOffsetsRecord(commitKey, value)
    expect(act).toThrow(UnsupportedVersionError)
    expect(act).toThrow('OffsetCommitValue has no version 5')
  })

  it.each([
    ['an empty key', new Uint8Array(0), null, 'OffsetsRecord.key'],
    ['a key cut short', commitKey.subarray(0, 9), null, 'OffsetCommitKey.group'],
    ['a key with bytes left over', Uint8Array.of(...commitKey, 0), null, 'OffsetCommitKey'],
    ['an empty value', commitKey, new Uint8Array(0), 'OffsetCommitValue'],
    ['a value cut short', commitKey, Uint8Array.of(0, 3, 0), 'OffsetCommitValue.offset'],
  ])('refuses %s, and says where', (_what, key, value, path) => {
    let thrown: unknown
    try {
      decodeOffsetsRecord(key, value)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(DecodeError)
    expect((thrown as DecodeError).path).toBe(path)
  })
})
