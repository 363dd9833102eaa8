import {
  checkLevel,
  garbled,
  importOptional,
  join,
  notCompressed,
  Scratch,
  tooLarge,
  type Codec,
  type CompressOptions,
  type DecompressOptions,
  type ImportPackage,
} from './codec.ts'
import { FRAME_END, frameHeader, HISTORY_SIZE, MAX_BLOCK_SIZE, readLz4Frame, STORED } from './lz4-frame.ts'
import { xxhash32 } from './xxhash32.ts'

/**
 * What is used of the package lz4-napi: its blocks, which have their uncompressed size before them as a little-endian int32. Its own frames
 * will not do: they cannot be limited in size, and message sets v0 have frames with a wrong checksum.
 */
interface Lz4Napi {
  compress(block: Uint8Array): Promise<Uint8Array>
  compressSync(block: Uint8Array): Uint8Array
  uncompressSync(block: Uint8Array, dictionary?: Uint8Array): Uint8Array
}

const SIZE_PREFIX = 4

/** From this size on it compresses in the thread pool, lest the event loop stand still for milliseconds. To decompress takes a tenth of the time. */
const OFF_LOOP_BYTES = 512 * 1024

/** No lz4 block expands to more than this for each of its bytes. */
const MAX_RATIO = 255

/** The lz4 codec on lz4-napi. Writes frames as Java does: independent blocks of 64 KiB, no checksums but the header's. It has one level. */
export async function loadLz4(importPackage?: ImportPackage): Promise<Codec> {
  const lz4 = (await importOptional('lz4', 'lz4-napi', importPackage)) as Lz4Napi
  return {
    compress(bytes: Uint8Array, { level, magic = 2 }: CompressOptions) {
      checkLevel('lz4', level, 1, 17)
      const inputs: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += MAX_BLOCK_SIZE) inputs.push(bytes.subarray(at, at + MAX_BLOCK_SIZE))
      if (bytes.length >= OFF_LOOP_BYTES) return compressOffLoop(lz4, inputs, magic)
      try {
        return frameOf(
          inputs,
          inputs.map((input) => lz4.compressSync(input)),
          magic,
        )
      } catch (cause) {
        throw notCompressed('lz4', cause)
      }
    },
    decompress: (bytes: Uint8Array, options: DecompressOptions) => decompress(lz4, bytes, options),
  }
}

async function compressOffLoop(lz4: Lz4Napi, inputs: readonly Uint8Array[], magic: 0 | 1 | 2): Promise<Uint8Array> {
  try {
    const blocks = await Promise.all(inputs.map((input) => lz4.compress(input)))
    return frameOf(inputs, blocks, magic).slice()
  } catch (cause) {
    throw notCompressed('lz4', cause)
  }
}

/** A frame of blocks, each compressed unless that makes it no smaller; valid until the next call. */
function frameOf(inputs: readonly Uint8Array[], blocks: readonly Uint8Array[], magic: 0 | 1 | 2): Uint8Array {
  const header = frameHeader(magic)
  let size = header.length + FRAME_END.length
  for (let i = 0; i < inputs.length; i++) size += 4 + Math.min(inputs[i]!.length, blocks[i]!.length - SIZE_PREFIX)
  const frame = scratch.take(size)
  frame.set(header)
  let at = header.length
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!
    const block = blocks[i]!
    const isStored = block.length - SIZE_PREFIX >= input.length
    const content = isStored ? input : block.subarray(SIZE_PREFIX)
    at = putUint32(frame, at, isStored ? input.length | STORED : content.length)
    frame.set(content, at)
    at += content.length
  }
  frame.set(FRAME_END, at)
  return frame.subarray(0, size)
}

const scratch = new Scratch()

function putUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
  return at + 4
}

function decompress(lz4: Lz4Napi, bytes: Uint8Array, options: DecompressOptions): Uint8Array {
  const { maxBytes, magic } = options
  const frame = readLz4Frame(bytes, magic)
  if (frame.contentSize !== undefined && frame.contentSize > maxBytes) throw tooLarge('lz4', maxBytes)
  const pieces: Uint8Array[] = []
  let size = 0
  let history: Uint8Array | undefined
  for (const { content, isStored } of frame.blocks) {
    let piece = content
    if (!isStored) {
      const prefixed = scratch.take(SIZE_PREFIX + content.length).subarray(0, SIZE_PREFIX + content.length)
      putUint32(prefixed, 0, Math.min(frame.maxBlockSize, content.length * MAX_RATIO))
      prefixed.set(content, SIZE_PREFIX)
      try {
        piece = lz4.uncompressSync(prefixed, history)
      } catch (cause) {
        throw garbled('lz4', 'a block is broken', cause)
      }
    }
    size += piece.length
    if (size > maxBytes) throw tooLarge('lz4', maxBytes)
    pieces.push(piece)
    if (frame.hasLinkedBlocks) history = lastBytes(history, piece)
  }
  if (frame.contentSize !== undefined && frame.contentSize !== size) {
    throw garbled('lz4', `its header says ${frame.contentSize} bytes and it makes ${size}`)
  }
  const content = join(pieces, size)
  if (frame.contentChecksum !== undefined && xxhash32(content) !== frame.contentChecksum) {
    throw garbled('lz4', 'the checksum of its content is wrong')
  }
  return content
}

/** What a block may refer back to when it is not independent: up to 64 KiB before it. */
function lastBytes(history: Uint8Array | undefined, piece: Uint8Array): Uint8Array {
  if (history === undefined || piece.length >= HISTORY_SIZE) return piece.subarray(-HISTORY_SIZE)
  const kept = history.subarray(-Math.min(history.length, HISTORY_SIZE - piece.length))
  return join([kept, piece], kept.length + piece.length)
}
