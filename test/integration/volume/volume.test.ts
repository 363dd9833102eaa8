import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run } from '../../support/kafka/command.ts'
import { describeWithKafka, uniqueName } from '../../support/real-kafka.ts'

const timeoutMs = 280_000
const maxRssBytes = 250_000_000

interface RoundTrip {
  consumed: number
  misplaced: number
  /** Records per partition. */
  next: number[]
  peakRssBytes: number
}

describeWithKafka('a million records of 100 bytes', [], ({ bootstrapServers }) => {
  test('come back complete and in order, in less than 250 MB of memory', { timeout: 300_000 }, async () => {
    const script = fileURLToPath(new URL('round-trip.mjs', import.meta.url))
    const isBuilt = existsSync(new URL('../../../dist/index.js', import.meta.url))
    expect(isBuilt, 'there is a dist folder: npm run build').toBe(true)
    const { stdout } = await run(process.execPath, [script, bootstrapServers, uniqueName('volume')], { timeoutMs })
    const { peakRssBytes, ...result } = JSON.parse(stdout) as RoundTrip
    expect(result).toMatchObject({ consumed: 1_000_000, misplaced: 0, next: [250_000, 250_000, 250_000, 250_000] })
    expect(peakRssBytes).toBeLessThan(maxRssBytes)
  })
})
