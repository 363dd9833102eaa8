import { expect, test } from 'vitest'
import { DecodeError } from '../../src/errors.ts'
import {
  decodeCooperativeStickyUserData,
  decodeStickyUserData,
  encodeCooperativeStickyUserData,
  encodeStickyUserData,
} from '../../src/protocol/sticky-user-data.ts'
import { assignorVectors } from '../consumer/assignors/assignor-vectors.ts'

const data = { previousAssignment: [{ topic: 'a', partitions: [0, 3] }], generation: 5 }
/** One topic, its name, two partitions. */
const VERSION_0 = '00000001000161000000020000000000000003'

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function hex(encoded: Uint8Array): string {
  return Buffer.from(encoded).toString('hex')
}

test('sticky user data is the partitions, and the generation from version 1 on', () => {
  expect(hex(encodeStickyUserData(data))).toBe(`${VERSION_0}00000005`)
  expect(hex(encodeStickyUserData(data, 0))).toBe(VERSION_0)
})

test('sticky user data is read in either version, whatever follows it', () => {
  expect(decodeStickyUserData(bytes(`${VERSION_0}00000005`))).toEqual(data)
  expect(decodeStickyUserData(bytes(`${VERSION_0}00000005ff`))).toEqual(data)
  expect(decodeStickyUserData(bytes(VERSION_0))).toEqual({ ...data, generation: -1 })
  expect(decodeStickyUserData(bytes(`${VERSION_0}000000`))).toEqual({ ...data, generation: -1 })
})

test('sticky user data that breaks off is refused', () => {
  expect(() => decodeStickyUserData(bytes(VERSION_0.slice(0, -2)))).toThrow(DecodeError)
  expect(() => decodeStickyUserData(bytes('ffffffff'))).toThrow(DecodeError)
})

test('what Java says in sticky user data is read, and written again to the same bytes', () => {
  const written = assignorVectors('sticky').flatMap(({ members }) => members.filter((m) => m.userDataHex !== null))
  expect(written.length).toBeGreaterThan(500)
  for (const { userDataHex, ownedPartitions, generationId } of written) {
    const decoded = decodeStickyUserData(bytes(userDataHex!))
    const partitions = decoded.previousAssignment.flatMap((t) => t.partitions.map((p) => `${t.topic}-${p}`))
    expect(partitions.toSorted()).toEqual(ownedPartitions.map(([t, p]) => `${t}-${p}`).toSorted())
    expect(decoded.generation).toBe(generationId)
    expect(hex(encodeStickyUserData(decoded))).toBe(userDataHex)
  }
})

test('cooperative sticky user data is the generation alone, as Java writes it', () => {
  const written = assignorVectors('cooperative-sticky').flatMap(({ members }) => members)
  for (const { userDataHex, generationId } of written) {
    expect(hex(encodeCooperativeStickyUserData({ generation: generationId }))).toBe(userDataHex)
    expect(decodeCooperativeStickyUserData(bytes(userDataHex!))).toEqual({ generation: generationId })
  }
  expect(hex(encodeCooperativeStickyUserData({}))).toBe('ffffffff')
  expect(() => decodeCooperativeStickyUserData(bytes('0000'))).toThrow(DecodeError)
})
