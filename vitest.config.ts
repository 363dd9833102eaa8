import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts'

const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 30_000,
    // Groups, sessions and brokers run against the clock, and a shared machine may stand still for seconds: once more, and reported as
    // such. On a developer's machine a test that fails now and then is seen at once.
    retry: process.env['CI'] === undefined ? 0 : 1,
    hookTimeout: 120_000,
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/runtimes/**', '**/node_modules/**'],
          // All cores: Vitest would leave one of them idle, and there are two where this runs.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // Starts a real broker, only when one of these files is selected.
          globalSetup: ['test/support/kafka-setup.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})

export default config
