import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../support/kafka/command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> }
const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json')

/** Prints the URLs of all modules that the import of its argument has loaded, one a line. */
const listLoadedModules = `
import { register } from 'node:module'
const hook = 'import { writeSync } from "node:fs"; export async function load(url, context, next) { writeSync(1, url + "\\\\n"); return next(url, context) }'
register('data:text/javascript,' + encodeURIComponent(hook))
await import(process.argv[2])
`

const produceAndConsume = `
import { Kafka, string } from 'kafkawire'
import { TestBroker } from 'kafkawire/testing'
const broker = await TestBroker.start({ topics: { greetings: { partitions: 1 } } })
const kafka = new Kafka({ bootstrapServers: broker.bootstrapServers })
const producer = kafka.producer({ value: string, compression: 'gzip' })
await producer.send({ topic: 'greetings', value: 'hello' })
await producer.close()
const consumer = kafka.consumer({ groupId: 'g', topics: ['greetings'], autoOffsetReset: 'earliest', value: string })
for await (const record of consumer) {
  console.log(record.value)
  break
}
await consumer.close()
await broker.close()
`

const compareEntries = `
import { KafkaError } from 'kafkawire'
import { metadataApi } from 'kafkawire/protocol'
try {
  metadataApi.request.encode({ topics: 5 }, 1)
} catch (error) {
  console.log(error instanceof KafkaError)
}
`

describe('the packed package, installed without its optional dependencies', () => {
  let folder = ''

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no dist folder: npm run build')
    folder = await mkdtemp(join(tmpdir(), 'kafkawire-pack-'))
    // Without scripts: a build in the middle of a test run would pull the files from under the other tests.
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: root,
    })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
    await writeFile(join(folder, 'list-loaded-modules.js'), listLoadedModules)
    await writeFile(join(folder, 'produce-and-consume.js'), produceAndConsume)
    await writeFile(join(folder, 'compare-entries.js'), compareEntries)
    await run('npm', ['install', '--omit=optional', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder })
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function loadedBy(specifier: string): Promise<string[]> {
    const { stdout } = await run(process.execPath, ['list-loaded-modules.js', specifier], { cwd: folder })
    return stdout.trimEnd().split('\n')
  }

  test('brings no other package along', async () => {
    const entries = await readdir(join(folder, 'node_modules'))
    expect(entries.filter((name) => !name.startsWith('.'))).toEqual(['kafkawire'])
  })

  test.each(subpaths)(
    'can be imported as %s, which loads nothing but its own files and node: modules',
    async (path) => {
      const loaded = await loadedBy(join('kafkawire', path))
      const own = loaded.filter((url) => url.includes('/node_modules/kafkawire/dist/'))
      expect(own.length).toBeGreaterThan(0)
      expect(loaded.filter((url) => !own.includes(url) && !url.startsWith('node:'))).toEqual([])
    },
  )

  test('has type declarations for every entry', () => {
    const declarations = subpaths.map((path) => `${path === '.' ? '' : `${path}/`}index.d.ts`)
    const missing = declarations.filter(
      (file) => !existsSync(join(folder, 'node_modules/kafkawire/dist/modules', file)),
    )
    expect(missing).toEqual([])
  })

  test('has a class once, whichever entry it is thrown by', async () => {
    const { stdout } = await run(process.execPath, ['compare-entries.js'], { cwd: folder })
    expect(stdout).toBe('true\n')
  })

  test('produces and consumes, and lets the process end', async () => {
    const { stdout } = await run(process.execPath, ['produce-and-consume.js'], { cwd: folder })
    expect(stdout).toBe('hello\n')
  })
})
