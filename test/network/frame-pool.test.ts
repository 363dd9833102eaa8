import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { FramePool } from '../../src/network/frame-pool.ts'
import { FrameReader } from '../../src/network/frames.ts'

const SIZE = 300_000

/** A frame that nobody reads any more. */
function giveBack(pool: FramePool, part: Uint8Array): void {
  const frame = pool.frameOf(part)!
  frame.retain()
  frame.release()
}

/** The stream of one frame that is full of `byte`. */
function framed(size: number, byte: number): Uint8Array {
  const stream = new Uint8Array(4 + size).fill(byte)
  new DataView(stream.buffer).setInt32(0, size)
  return stream
}

describe('a pool of frames', () => {
  test('uses the memory again for a frame of about the same size once the last holder has released it, and not before', () => {
    const pool = new FramePool()
    const bytes = pool.take(SIZE)!
    const frame = pool.frameOf(bytes.subarray(10, 20))!
    frame.retain()
    frame.retain()
    frame.release()
    expect(pool.take(SIZE)!.buffer).not.toBe(bytes.buffer)
    frame.release()
    expect(pool.take(SIZE - 10_000)!.buffer).toBe(bytes.buffer)
    expect(pool.take(SIZE)!.buffer).not.toBe(bytes.buffer)
  })

  test('counts the holders of each use by themselves', () => {
    const pool = new FramePool()
    const { buffer } = pool.take(SIZE)!
    giveBack(pool, new Uint8Array(buffer))
    const again = pool.take(SIZE)!
    expect(again.buffer).toBe(buffer)
    giveBack(pool, again)
    expect(pool.take(SIZE)!.buffer).toBe(buffer)
  })

  test('gives a small frame no memory that is meant for large ones', () => {
    const pool = new FramePool()
    const bytes = pool.take(8 * SIZE)!
    giveBack(pool, bytes)
    expect(pool.take(SIZE)!.buffer).not.toBe(bytes.buffer)
    expect(pool.take(1000)).toBeUndefined()
  })

  test('knows nothing of memory that is not its own', () => {
    const pool = new FramePool()
    expect(pool.frameOf(new Uint8Array(SIZE))).toBeUndefined()
    expect(pool.frameOf(new FramePool().take(SIZE)!)).toBeUndefined()
  })

  test('never hands out less than was asked for', () => {
    const pool = new FramePool()
    for (let size = 1; size < 1 << 23; size = Math.ceil(size * 1.1)) {
      const bytes = pool.take(size)
      if (bytes === undefined) continue
      expect(bytes.length).toBe(size)
      giveBack(pool, bytes)
      expect(pool.take(size)!.length).toBe(size)
    }
  })

  test('keeps a few that are free, the latest', () => {
    const pool = new FramePool()
    const taken = Array.from({ length: 10 }, () => pool.take(SIZE)!)
    for (const bytes of taken) giveBack(pool, bytes)
    const again = new Set(taken.map(() => pool.take(SIZE)!.buffer))
    expect(taken.map(({ buffer }) => again.has(buffer))).toEqual([false, false, ...Array(8).fill(true)])
  })

  test('leaves what is free to the garbage collector', async () => {
    const pool = new FramePool()
    const memory = ((): WeakRef<ArrayBufferLike> => {
      const bytes = pool.take(SIZE)!
      giveBack(pool, bytes)
      return new WeakRef(bytes.buffer)
    })()
    // What a WeakRef was made of lives to the end of the turn.
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    expect(memory.deref()).toBeUndefined()
    expect(pool.take(SIZE)).toHaveLength(SIZE)
  })
})

test('frames in memory that had others before hold their own bytes and no more', () => {
  const pool = new FramePool()
  const frames: Uint8Array[] = []
  const reader = new FrameReader((frame) => frames.push(frame), { pool })
  reader.push(framed(SIZE, 1))
  giveBack(pool, frames[0]!)
  reader.push(framed(SIZE - 5, 2))
  reader.push(framed(SIZE, 3))
  reader.push(framed(10, 4))
  expect(frames[1]!.buffer).toBe(frames[0]!.buffer)
  expect(frames.slice(1).map(({ length }) => length)).toEqual([SIZE - 5, SIZE, 10])
  for (const [index, frame] of frames.slice(1).entries()) expect(frame.every((byte) => byte === index + 2)).toBe(true)
})
