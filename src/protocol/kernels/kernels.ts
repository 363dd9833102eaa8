import { CompressionError } from '../../errors.ts'
import type { CompressionName } from '../compression/codec.ts'
import { KERNELS_BASE64 } from './binary.ts'

/** Bytes of room that every range in the memory needs after it: kernels copy in pieces and may go so far past an end. */
export const SLACK_BYTES = 64

/** An instance whose memory grew above this is not kept. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024

const PAGE_BYTES = 64 * 1024

/** What the kernels are called with and return: addresses in their memory, as they are described in `assembly/`. */
export interface KernelFunctions {
  crc32c(from: number, end: number, sum: number): number
  deflate(start: number, end: number, to: number): number
  inflate(from: number, end: number, output: number, outputEnd: number): number
  snappyCompress(start: number, end: number, to: number): number
  snappyUncompress(from: number, end: number, output: number, outputEnd: number): number
  lz4Compress(start: number, end: number, to: number): number
  xxhash64(from: number, end: number): number
  zstdBlock(from: number, end: number, history: number, to: number, toEnd: number): number
  zstdStart(): void
  zstdCompress(start: number, end: number, to: number): number
  lz4Uncompress(from: number, end: number, output: number, outputEnd: number, historyStart: number): number
}

/** The parts of WebAssembly that are used, which `lib.es2023` knows nothing of. */
interface WebAssemblyNamespace {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: unknown }
}

interface Exports extends KernelFunctions {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  /** The first address that their tables do not use. */
  base: { readonly value: number }
}

/**
 * Codecs and a checksum as WebAssembly, compiled from `assembly/` into `binary.ts` (`npm run kernels`): twice as fast as the same in JavaScript, and the same on
 * every runtime. They work on addresses in a memory of their own, into which input is copied and from which output is.
 */
export class Kernels {
  readonly run: KernelFunctions
  /** The first address that is free. */
  readonly base: number
  /** The whole memory. Another object after `reserve`. */
  bytes: Uint8Array
  readonly #memory: Exports['memory']

  private constructor({ exports }: { exports: unknown }) {
    const all = exports as Exports
    this.run = all
    this.base = all.base.value
    this.#memory = all.memory
    this.bytes = new Uint8Array(this.#memory.buffer)
  }

  /** Makes room for so many bytes from `base` on; what is there already stays. */
  reserve(size: number): void {
    const missing = this.base + size + SLACK_BYTES - this.bytes.length
    if (missing <= 0) return
    // To grow takes most of a millisecond. What is given back soon may as well be a quarter larger than needed.
    const spare = this.bytes.length > MAX_KEPT_BYTES ? this.bytes.length / 4 : 0
    this.#memory.grow(Math.ceil(Math.max(missing, spare) / PAGE_BYTES))
    this.bytes = new Uint8Array(this.#memory.buffer)
  }

  static #module: object | undefined
  static #kept: Kernels | undefined

  /**
   * Gives `work` kernels with room for `size` bytes. Nothing is left in them for the next call, but views of their memory stay valid until then.
   * Throws CompressionError where there is no WebAssembly, or not so much memory.
   */
  static use<T>(codec: CompressionName, size: number, work: (kernels: Kernels) => T): T {
    const kernels = (Kernels.#kept ??= Kernels.#make(codec))
    try {
      kernels.reserve(size)
      return work(kernels)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      throw new CompressionError(`${codec} gets no memory for ${size} bytes and more`, codec, { cause })
    } finally {
      if (kernels.bytes.length > MAX_KEPT_BYTES) Kernels.#kept = undefined
    }
  }

  /** Whether this runtime can run them now, for those that have another way. */
  static areUsable(): boolean {
    try {
      Kernels.#kept ??= Kernels.#make('none')
      return true
    } catch {
      return false
    }
  }

  static #make(codec: CompressionName): Kernels {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyNamespace }
    try {
      Kernels.#module ??= new WebAssembly.Module(Uint8Array.from(atob(KERNELS_BASE64), (char) => char.charCodeAt(0)))
      return new Kernels(new WebAssembly.Instance(Kernels.#module))
    } catch (cause) {
      // It is not there, or a policy forbids it.
      throw new CompressionError(
        `${codec} needs WebAssembly, which this runtime does not allow: use gzip or none`,
        codec,
        { cause },
      )
    }
  }
}
