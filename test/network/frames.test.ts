import { array, assert, integer, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../src/errors.ts'
import { DEFAULT_MAX_FRAME_BYTES, FrameReader } from '../../src/network/frames.ts'

function framed(...bodies: Uint8Array[]): Uint8Array {
  const stream: number[] = []
  for (const body of bodies) stream.push(...sized(body.length), ...body)
  return Uint8Array.from(stream)
}

function sized(size: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, size)
  return bytes
}

function thrownBy(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function reading(options?: { maxFrameBytes?: number }): { frames: Uint8Array[]; reader: FrameReader } {
  const frames: Uint8Array[] = []
  return { frames, reader: new FrameReader((frame) => frames.push(frame), options) }
}

describe('FrameReader', () => {
  test('finds the same frames however the stream is cut', () => {
    assert(
      property(
        array(uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        array(integer({ min: 1, max: 30 }), { minLength: 1 }),
        (bodies, cuts) => {
          const stream = framed(...bodies)
          const { frames, reader } = reading()
          for (let at = 0, i = 0; at < stream.length; i++) {
            const next = at + cuts[i % cuts.length]!
            reader.push(stream.slice(at, next))
            at = next
          }
          expect(frames).toEqual(bodies)
          expect(reader.isMidFrame).toBe(false)
        },
      ),
    )
  })

  test('gives each frame an array of its own, so that the chunk may be overwritten', () => {
    const chunk = framed(Uint8Array.of(1, 2), Uint8Array.of(3))
    const { frames, reader } = reading()
    reader.push(chunk)
    chunk.fill(0xff)
    expect(frames).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)])
    for (const frame of frames) expect(frame.buffer).not.toBe(chunk.buffer)
    frames[1]!.fill(0xee)
    expect(frames[0]).toEqual(Uint8Array.of(1, 2))
  })

  test('stands mid-frame from the first byte of a size to the last byte of its frame', () => {
    const { reader } = reading()
    const states = [...framed(Uint8Array.of(7, 8))].map((byte) => {
      reader.push(Uint8Array.of(byte))
      return reader.isMidFrame
    })
    expect(states).toEqual([true, true, true, true, true, false])
  })

  test.each([
    ['a negative size', -1, 'frame size -1 is negative'],
    ['the most negative size', -2147483648, 'frame size -2147483648 is negative'],
    ['a size of nearly 2 GiB', 2147483647, `frame size 2147483647 is above ${DEFAULT_MAX_FRAME_BYTES}`],
    ['a size just above the limit', DEFAULT_MAX_FRAME_BYTES + 1, `is above ${DEFAULT_MAX_FRAME_BYTES}`],
  ])('refuses %s before any of its bytes come', (_, size, message) => {
    const { reader } = reading()
    const error = thrownBy(() => reader.push(sized(size)))
    expect(error).toBeInstanceOf(DecodeError)
    expect((error as DecodeError).reason).toContain(message)
  })

  test('accepts a frame as large as its limit and none that is larger', () => {
    const { frames, reader } = reading({ maxFrameBytes: 3 })
    reader.push(framed(new Uint8Array(3)))
    expect(frames).toHaveLength(1)
    expect(() => reader.push(sized(4))).toThrow('frame size 4 is above 3')
  })

  test('gives out the good frames before a bad size, and the place of the size in the stream', () => {
    const { frames, reader } = reading()
    const good = framed(Uint8Array.of(1))
    const error = thrownBy(() => reader.push(Uint8Array.from([...good, ...sized(-5)])))
    expect(frames).toEqual([Uint8Array.of(1)])
    expect((error as DecodeError).offset).toBe(good.length)
  })

  test('reads nothing more after a bad size', () => {
    const { frames, reader } = reading()
    expect(() => reader.push(sized(-1))).toThrow(DecodeError)
    reader.push(framed(Uint8Array.of(1)))
    expect(frames).toEqual([])
  })

  test('stops between two frames of one chunk when told so by whoever takes the first', () => {
    const frames: Uint8Array[] = []
    const reader = new FrameReader((frame) => {
      frames.push(frame)
      reader.stop()
    })
    reader.push(framed(Uint8Array.of(1), Uint8Array.of(2)))
    expect(frames).toEqual([Uint8Array.of(1)])
  })

  test.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n', 'the peer speaks HTTP'],
    ['a TLS alert', '\x15\x03\x03\x00\x02\x02\x46', 'the peer speaks TLS'],
    ['a TLS handshake record', '\x16\x03\x01\x00\xa5\x01', 'the peer speaks TLS'],
  ])(
    'recognises %s at the start of the stream, even where its bytes would be a size within the limit',
    (_, text, message) => {
      const { reader } = reading({ maxFrameBytes: 0x7fffffff })
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
      expect(() => reader.push(bytes)).toThrow(message)
    },
  )
})
