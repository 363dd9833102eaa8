import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { isKafkaRequired } from '../provided-kafka.ts'

/** A registry that runs as a process of its own. */
export interface RunningRegistry {
  url: string
  close: () => Promise<void>
}

/** Why there is no registry to test with: what it runs on, or is made with, is missing. */
export class RegistryUnavailableError extends Error {
  override readonly name = 'RegistryUnavailableError'
}

/** Starts what tests need, or says why they are skipped without it, which is a failure where everything must be there. */
export async function startIfAvailable<T>(name: string, start: () => Promise<T>): Promise<T | undefined> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError) || isKafkaRequired()) throw error
    process.stderr.write(`\n*** NO ${name}: its tests are skipped, because ${error.message}.\n\n`)
    return undefined
  }
}

/** Starts a registry's process and waits until it answers at `url`. `cleanUp` comes after its end. */
export async function startProcess(
  url: string,
  command: string,
  args: readonly string[],
  cleanUp: () => Promise<void> = async () => {},
): Promise<RunningRegistry> {
  const child = spawn(command, args, { stdio: 'ignore' })
  let failure: Error | undefined
  child.on('error', (error) => (failure = error))
  const close = async (): Promise<void> => {
    await end(child)
    await cleanUp()
  }
  try {
    const deadline = Date.now() + 90_000
    while (!(await isUp(url))) {
      if (failure !== undefined) throw failure
      if (child.exitCode !== null) throw new Error(`the registry ended with code ${child.exitCode}`)
      if (Date.now() > deadline) throw new Error(`no registry answered at ${url}`)
      await sleep(20)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { url, close }
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/subjects`, { signal: AbortSignal.timeout(10_000) })).ok
  } catch {
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
