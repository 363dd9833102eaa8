import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../kafka/command.ts'
import { cacheFolder } from '../kafka/jars.ts'
import { javaCommand, javaVersion } from '../kafka/java.ts'
import { freePorts } from '../kafka/ports.ts'
import { RegistryUnavailableError, type RunningRegistry, startProcess } from './running-registry.ts'

const VERSION = '3.0.9'
/** For a quick start in little memory: its tests are few. */
const JVM_FLAGS = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** Starts Apicurio with Confluent's API. Rejects with RegistryUnavailableError where there is no Java or no Maven. */
export async function startApicurio(): Promise<RunningRegistry> {
  if ((await javaVersion()) === undefined) throw new RegistryUnavailableError('Java 17, which runs it, is not there')
  const folder = await ensureApicurio()
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  const jar = join(folder, `apicurio-registry-app-${VERSION}-runner.jar`)
  const settings = [`-Dquarkus.http.port=${port}`, '-Dquarkus.http.host=127.0.0.1']
  const running = await startProcess(url, javaCommand(), [...JVM_FLAGS, ...settings, '-jar', jar])
  // Until a level is set it compares nothing.
  const body = JSON.stringify({ compatibility: 'BACKWARD' })
  await fetch(`${url}/config`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body })
  return running
}

/** The folder of its jars, 105 MB packed, which Maven fetches once. */
async function ensureApicurio(): Promise<string> {
  const registries = join(cacheFolder(), 'registries')
  const folder = join(registries, `apicurio-${VERSION}`)
  if (existsSync(folder)) return folder
  await run('mvn', ['--version']).catch((cause: unknown) => {
    throw new RegistryUnavailableError('Maven, which fetches it, cannot be run', { cause })
  })
  await mkdir(registries, { recursive: true })
  // The folder gets its name only when it is complete.
  const incomplete = await mkdtemp(`${folder}.incomplete-`)
  try {
    const artifact = `-Dartifact=io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`
    const goal = ['dependency:copy', artifact, `-DoutputDirectory=${incomplete}`]
    await run('mvn', ['-q', '-B', ...goal], { cwd: incomplete, timeoutMs: 300_000 })
    const archive = join(incomplete, `apicurio-registry-app-${VERSION}-all.tar.gz`)
    await run('tar', ['xzf', archive, '-C', incomplete])
    await rm(archive)
    await rename(incomplete, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(incomplete, { recursive: true, force: true })
  }
  return folder
}
