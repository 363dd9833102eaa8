import { expect, test } from 'vitest'
import { FrameStreams, type ZlibStream } from '../../../src/protocol/compression/zstd-streams.ts'

/** A stream that makes of what is written the same, when it is told to go on, and fails at a first byte of 0xff. */
class FakeStream implements ZlibStream {
  readableLength = 0
  isDestroyed = false
  #emit: (chunk: Uint8Array) => void = () => undefined

  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean {
    waiting.push(() => {
      if (chunk[0] === 0xff) return done(new Error('broken'))
      this.#emit(chunk.subarray(0, 1))
      this.#emit(chunk.subarray(1))
      done()
    })
    return true
  }

  on(event: 'data' | 'error', listener: (value: never) => void): void {
    if (event === 'data') this.#emit = listener as (chunk: Uint8Array) => void
  }

  destroy(): void {
    this.isDestroyed = true
  }
}

let waiting: (() => void)[] = []
const goOn = (): void => waiting.shift()!()

function setUp(most: number): { streams: FrameStreams; made: FakeStream[] } {
  waiting = []
  const made: FakeStream[] = []
  const make = (): FakeStream => {
    const stream = new FakeStream()
    made.push(stream)
    return stream
  }
  return { streams: new FrameStreams(make, most), made }
}

test('no more work at a time than may, and each makes one frame after the other', async () => {
  const { streams, made } = setUp(2)
  const frames = [1, 2, 3, 4, 5].map((byte) => streams.run(Uint8Array.of(byte, byte)))
  expect(waiting).toHaveLength(2)
  for (let i = 0; i < 5; i++) goOn()
  expect(await Promise.all(frames)).toEqual([1, 2, 3, 4, 5].map((byte) => [Uint8Array.of(byte), Uint8Array.of(byte)]))
  expect(made).toHaveLength(2)
})

test('a stream that failed is not used again, and what waits goes to another', async () => {
  const { streams, made } = setUp(1)
  const broken = streams.run(Uint8Array.of(0xff))
  const good = streams.run(Uint8Array.of(7))
  goOn()
  await expect(broken).rejects.toThrow('broken')
  goOn()
  expect(await good).toEqual([Uint8Array.of(7), new Uint8Array(0)])
  expect(made.map(({ isDestroyed }) => isDestroyed)).toEqual([true, false])
})

test('a stream that cannot be made fails its frame only', async () => {
  let attempts = 0
  const streams = new FrameStreams(() => {
    if (attempts++ === 0) throw new Error('no memory')
    return new FakeStream()
  }, 1)
  waiting = []
  const frames = Promise.allSettled([streams.run(Uint8Array.of(1)), streams.run(Uint8Array.of(2))])
  goOn()
  expect(await frames).toMatchObject([
    { reason: { message: 'no memory' } },
    { value: [Uint8Array.of(2), new Uint8Array(0)] },
  ])
})
