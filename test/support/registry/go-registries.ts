import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../kafka/command.ts'
import { cacheFolder } from '../kafka/jars.ts'
import { freePorts } from '../kafka/ports.ts'
import { RegistryUnavailableError, type RunningRegistry, startProcess } from './running-registry.ts'

type RegistryName = 'axonops' | 'srfake'

const packages: Record<RegistryName, string> = {
  axonops: 'github.com/axonops/axonops-schema-registry/cmd/schema-registry',
  srfake: '.',
}

const sources = ['go.mod', 'go.sum', 'main.go', 'tools.go']

/** Starts a registry, which is built first where it was not yet. Rejects with RegistryUnavailableError where there is no Go. */
export async function startGoRegistry(name: RegistryName): Promise<RunningRegistry> {
  const binary = await build(name)
  const [port] = await freePorts(1)
  const folder = await mkdtemp(join(tmpdir(), `kafkawire-${name}-`))
  const address = `127.0.0.1:${port}`
  const url = `http://${address}`
  let args = [address]
  if (name === 'axonops') {
    const file = join(folder, 'registry.yaml')
    await writeFile(file, axonopsConfig(port!))
    args = ['--config', file]
  }
  return startProcess(url, binary, args, () => rm(folder, { recursive: true, force: true }))
}

function axonopsConfig(port: number): string {
  return [
    `server: {host: "127.0.0.1", port: ${port}}`,
    'storage: {type: memory}',
    'compatibility: {default_level: BACKWARD}',
    'logging: {level: error}',
  ].join('\n')
}

/** Path of the binary, which is kept outside the repository, under what it is made of. */
async function build(name: RegistryName): Promise<string> {
  const source = fileURLToPath(new URL(name, import.meta.url))
  const hash = createHash('sha256')
  for (const file of sources.map((file) => join(source, file)).filter((path) => existsSync(path))) {
    hash.update(await readFile(file))
  }
  const folder = join(cacheFolder(), 'registries')
  const binary = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(binary)) return binary
  await run('go', ['version']).catch((cause: unknown) => {
    throw new RegistryUnavailableError('go, which builds the registries, cannot be run', { cause })
  })
  await mkdir(folder, { recursive: true })
  const workspace = await mkdtemp(join(tmpdir(), `kafkawire-${name}-`))
  try {
    await cp(source, workspace, { recursive: true })
    const built = `${binary}.${process.pid}`
    // One package at a time: the compiler of the whole registry would take more memory than small machines have.
    await run('go', ['build', '-p', '1', '-o', built, packages[name]], { cwd: workspace, timeoutMs: 600_000 })
    await rename(built, binary)
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
  return binary
}
