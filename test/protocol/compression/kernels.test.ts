import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CompressionError } from '../../../src/errors.ts'
import { Kernels } from '../../../src/protocol/compression/kernels/kernels.ts'

const bytesOf = (size: number): number => Kernels.use('lz4', size, (kernels) => kernels.bytes.length)

describe('kernels', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  test('are what their sources make', async () => {
    const script = new URL('../../../scripts/build-kernels.mjs', import.meta.url).pathname
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toBeDefined()
  }, 60_000)

  test('keep the memory of small calls and give that of large ones back', () => {
    const small = bytesOf(100_000)
    expect(small).toBeLessThan(500_000)
    const large = bytesOf(50_000_000)
    expect(large).toBeGreaterThan(50_000_000)
    expect(bytesOf(1000)).toBeLessThan(500_000)
  })

  test('have room after what was asked for, and keep what is there when there has to be more', () => {
    Kernels.use('snappy', 10, (kernels) => {
      kernels.bytes[kernels.base] = 7
      kernels.reserve(1_000_000)
      expect(kernels.bytes[kernels.base]).toBe(7)
      expect(kernels.bytes.length).toBeGreaterThan(kernels.base + 1_000_000)
    })
  })

  test('say what is missing where there is no WebAssembly', async () => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', undefined)
    const { Kernels } = await import('../../../src/protocol/compression/kernels/kernels.ts')
    expect(() => Kernels.use('snappy', 1, () => {})).toThrow('snappy needs WebAssembly')
    expect(CompressionError.name).toBe('CompressionError')
  })
})
