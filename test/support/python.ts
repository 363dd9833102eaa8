import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isInstalled, run } from './kafka/command.ts'
import { cacheFolder } from './kafka/jars.ts'

/** There is no Python to make an environment with. */
export class PythonUnavailableError extends Error {
  override readonly name = 'PythonUnavailableError'
}

/**
 * Path of a Python that has these packages, in an environment kept outside the repository under what is in it. It is made at first use by pip,
 * which knows the machine's index.
 *
 * @param requirements - as in a requirements.txt, a package a line.
 */
export async function pythonWith(name: string, requirements: string): Promise<string> {
  const hash = createHash('sha256').update(requirements).digest('hex').slice(0, 16)
  const folder = join(cacheFolder(), `${name}-${hash}`)
  const python = join(folder, 'bin', 'python')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return python
  if (!(await isInstalled('python3', ['-m', 'venv', '--help']))) {
    throw new PythonUnavailableError('Python 3 with venv, which runs it, is not there')
  }
  // An environment cannot be moved: what is half-done is made anew.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await run('python3', ['-m', 'venv', folder])
  const listed = join(folder, 'requirements.txt')
  await writeFile(listed, requirements)
  await run(python, ['-m', 'pip', 'install', '--quiet', '-r', listed], { timeoutMs: 600_000 })
  await writeFile(complete, '')
  return python
}
