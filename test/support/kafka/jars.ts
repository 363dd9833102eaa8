import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isInstalled, run } from './command.ts'

/**
 * The broker (Kafka 4.4.0), an older one, one with a remote storage made of local files (4.3.1: such a jar of 4.4.0 does not load), or the Java tools
 * (4.3.1: 4.4.0's are not on Maven Central).
 */
export type JarSet = 'broker' | 'broker-tiered' | 'tools' | `broker-${OldVersion}`

/** Versions of Kafka whose brokers can be started besides the newest. */
export type OldVersion = (typeof OLD_VERSIONS)[number]

export const OLD_VERSIONS = ['0.11.0.3', '1.1.1', '2.1.1', '2.8.2', '3.3.2', '3.9.1'] as const

function folderName(set: JarSet): string {
  if (set === 'broker') return 'kafka-broker-4.4.0'
  if (set === 'broker-tiered') return 'kafka-broker-tiered-4.3.1'
  return set === 'tools' ? 'kafka-tools-4.3.1' : `kafka-${set}`
}

/** Where jars and class data archives are kept between runs: KAFKAWIRE_CACHE, else a folder in the user's cache. */
export function cacheFolder(): string {
  const chosen = process.env['KAFKAWIRE_CACHE']
  return chosen === undefined || chosen === '' ? join(homedir(), '.cache', 'kafkawire') : chosen
}

/**
 * The folder that holds all jars of a set, fetched on first use (about 50 MB a set): by Maven, which knows the
 * machine's mirrors and local repository, or without it from the Maven repository whose URL is in KAFKAWIRE_MAVEN_URL, with
 * the sizes and SHA-1 sums of the list here.
 */
export async function ensureJars(set: JarSet): Promise<string> {
  const cache = cacheFolder()
  const folder = join(cache, folderName(set))
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  // The folder gets its name only when it is complete: a broken download leaves nothing that looks usable.
  const incomplete = await mkdtemp(`${folder}.incomplete-`)
  try {
    const repository = process.env['KAFKAWIRE_MAVEN_URL']
    await fillWithMaven(set, incomplete).catch((error: unknown) => {
      if (repository === undefined || repository === '') throw error
      return download(set, incomplete, repository)
    })
    await rename(incomplete, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(incomplete, { recursive: true, force: true })
  }
  return folder
}

async function fillWithMaven(set: JarSet, folder: string): Promise<void> {
  if (!(await isInstalled('mvn', ['--version'])))
    throw new Error('mvn is not installed, and KAFKAWIRE_MAVEN_URL names no Maven repository')
  const pom = fileURLToPath(new URL(`${set}.pom.xml`, import.meta.url))
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  await run('mvn', ['-q', '-B', '-f', pom, ...goal], { timeoutMs: 300_000 })
}

async function download(set: JarSet, folder: string, repository: string): Promise<void> {
  const list = await readFile(new URL(`${set}-jars.txt`, import.meta.url), 'utf8')
  const jars = list.trimEnd().split('\n')
  const worker = async (): Promise<void> => {
    for (let line = jars.shift(); line !== undefined; line = jars.shift()) {
      const [path = '', size, sha1] = line.split(' ')
      const response = await fetch(`${repository.replace(/\/$/, '')}/${path}`, { signal: AbortSignal.timeout(120_000) })
      if (!response.ok) throw new Error(`${path}: HTTP status ${response.status}`)
      const bytes = new Uint8Array(await response.arrayBuffer())
      const digest = createHash('sha1').update(bytes).digest('hex')
      if (bytes.length !== Number(size) || digest !== sha1) throw new Error(`${path} is not the file the list names`)
      await writeFile(join(folder, basename(path)), bytes)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}
