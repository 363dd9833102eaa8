import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Kernels } from '../../src/protocol/kernels/kernels.ts'

const bytesOf = (size: number): number => Kernels.use('lz4', size, (kernels) => kernels.bytes.length)

describe('kernels', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  test('are what their sources make', async () => {
    const script = new URL('../../scripts/build-kernels.mjs', import.meta.url).pathname
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toBeDefined()
  }, 60_000)

  test('keep the memory of small calls and give that of large ones back', () => {
    const small = bytesOf(100_000)
    expect(small).toBeLessThan(2_000_000)
    const large = bytesOf(50_000_000)
    expect(large).toBeGreaterThan(50_000_000)
    expect(bytesOf(1000)).toBeLessThan(2_000_000)
  })

  test('have room after what was asked for, and keep what is there when there has to be more', () => {
    Kernels.use('snappy', 10, (kernels) => {
      kernels.bytes[kernels.base] = 7
      kernels.reserve(1_000_000)
      expect(kernels.bytes[kernels.base]).toBe(7)
      expect(kernels.bytes.length).toBeGreaterThan(kernels.base + 1_000_000)
    })
  })

  test.each([
    ['switched off', undefined],
    ['forbidden', { Module: () => undefined }],
  ])('say what is missing where WebAssembly is %s', async (_, present) => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', present)
    const { compress } = await import('../../src/protocol/compression/registry.ts')
    const bytes = new Uint8Array(1000)
    for (const codec of ['snappy', 'lz4'] as const) {
      await expect(async () => compress(codec, bytes)).rejects.toMatchObject({ code: 'KAFKA_COMPRESSION', codec })
      await expect(async () => compress(codec, bytes)).rejects.toThrow(`${codec} needs WebAssembly`)
    }
    expect(gunzipSync(await compress('gzip', bytes))).toHaveLength(1000)
  })

  test('have no memory for what is beyond all bounds', () => {
    expect(() => Kernels.use('lz4', 2 ** 40, () => new Uint8Array())).toThrow(
      'lz4 gets no memory for 1099511627776 bytes',
    )
  })
})
