import { defineConfig, type ViteUserConfig } from 'vitest/config'

// The long form: `vitest run --config test/chaos/vitest.config.ts`.
const config: ViteUserConfig = defineConfig({
  test: { include: ['test/chaos/**/*.chaos.ts'], testTimeout: 600_000, hookTimeout: 120_000, fileParallelism: false },
})

export default config
