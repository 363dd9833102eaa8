import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommandError, run } from './kafka/command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the closing line of a test run', () => {
  let folder = ''

  beforeAll(async () => {
    // Below node_modules, so that the run inside finds Vitest.
    const parent = join(root, 'node_modules/.kafkawire')
    await mkdir(parent, { recursive: true })
    folder = await mkdtemp(join(parent, 'reporter-'))
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Last line of a run over one test file with this content, set up by a module with that content. */
  async function closingLine(content: string, setup = ''): Promise<string | undefined> {
    await writeFile(join(folder, 'sample.test.mjs'), `import { beforeAll, describe, test } from 'vitest'\n${content}`)
    await writeFile(join(folder, 'setup.mjs'), `export function setup() { ${setup} }`)
    await writeFile(
      join(folder, 'vitest.config.mjs'),
      `import { ClosingLineReporter } from '${root}test/support/closing-line-reporter.ts'
      const reporters = ['default', new ClosingLineReporter()]
      export default { test: { reporters, globalSetup: 'setup.mjs', exclude: [] } }`,
    )
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const output = await run(process.execPath, [vitest, 'run', '--root', folder]).catch((error: CommandError) => error)
    return output.stdout.trimEnd().split('\n').at(-1)
  }

  test('counts passed, failed and skipped tests', async () => {
    const tests =
      "test('a', () => {}); test('b', () => { throw new Error('no') }); test.skip('c', () => {}); test.todo('d')"
    expect(await closingLine(tests)).toBe('1 passed, 1 failed, 2 skipped')
  })

  test('counts a file that cannot be loaded and an error outside of tests as failures', async () => {
    expect(await closingLine("throw new Error('not loaded')")).toBe('0 passed, 1 failed, 0 skipped')
    expect(await closingLine("test('a', () => { void Promise.reject(new Error('stray')) })")).toBe(
      '1 passed, 1 failed, 0 skipped',
    )
  })

  test('counts a failed global set-up as a failure', async () => {
    expect(await closingLine("test('a', () => {})", "throw new Error('no broker')")).toBe(
      '0 passed, 1 failed, 0 skipped',
    )
  })

  test('counts a suite whose hook failed as one failure, and its tests as skipped', async () => {
    const suite = "describe('s', () => { beforeAll(() => { throw new Error('no') }); test('a', () => {}) })"
    expect(await closingLine(suite)).toBe('0 passed, 1 failed, 1 skipped')
  })
})
