import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { run } from '../kafka/command.ts'
import { cacheFolder } from '../kafka/jars.ts'
import { RegistryUnavailableError } from './running-registry.ts'

/** What a key or value is, to Confluent's client. */
export interface ConfluentRequest {
  format: 'AVRO' | 'JSON' | 'PROTOBUF'
  url: string
  topic: string
  field?: 'key' | 'value'
  schema?: string
  references?: readonly { name: string; subject: string; version: number }[]
  /** Protobuf: .proto texts by their paths, the path of the main one, and the message's full name. */
  files?: Readonly<Record<string, string>>
  main?: string
  message?: string
  /** Settings as its documentation has them. */
  conf?: Readonly<Record<string, unknown>>
  /** Rules and key services to know, and their settings. */
  rules?: readonly string[]
  ruleConf?: Readonly<Record<string, string>>
}

export type HexHeaders = readonly (readonly [name: string, hex: string])[]

/** confluent-kafka for Python, in a process of its own: serialisers and deserialisers that nobody here wrote. */
export class ConfluentClient {
  readonly #child: ChildProcess
  readonly #waiting: ((line: string | undefined) => void)[] = []
  #stderr = ''

  private constructor(python: string) {
    const script = fileURLToPath(new URL('confluent/worker.py', import.meta.url))
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-4000)))
    this.#child.stdin!.on('error', () => {})
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#waiting.shift()?.(line))
    this.#child.on('close', () => {
      for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    })
  }

  /** Installs it where it was not yet. Rejects with RegistryUnavailableError where there is no Python. */
  static async start(): Promise<ConfluentClient> {
    return new ConfluentClient(await ensurePython())
  }

  /** The bytes in hexadecimal. */
  async serialize(
    request: ConfluentRequest & { value: unknown; framing?: 'prefix' | 'header' },
  ): Promise<{ payload: string; headers: HexHeaders }> {
    return (await this.#ask({ op: 'serialize', ...request })) as { payload: string; headers: HexHeaders }
  }

  async deserialize(request: ConfluentRequest & { payload: string; headers?: HexHeaders }): Promise<unknown> {
    return ((await this.#ask({ op: 'deserialize', ...request })) as { value: unknown }).value
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async #ask(request: object): Promise<object> {
    const answer = new Promise<string | undefined>((resolve) => this.#waiting.push(resolve))
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`)
    const line = await answer
    if (line === undefined) throw new Error(`confluent-kafka has ended:\n${this.#stderr}`)
    const parsed = JSON.parse(line) as { error?: string }
    if (parsed.error !== undefined) throw new Error(`confluent-kafka: ${parsed.error}`)
    return parsed
  }
}

/** Path of a Python that has the packages of requirements.txt, in an environment kept outside the repository under what is in it. */
async function ensurePython(): Promise<string> {
  const requirements = fileURLToPath(new URL('confluent/requirements.txt', import.meta.url))
  const hash = createHash('sha256').update(await readFile(requirements))
  const folder = join(cacheFolder(), `confluent-python-${hash.digest('hex').slice(0, 16)}`)
  const python = join(folder, 'bin', 'python')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return python
  await run('python3', ['-m', 'venv', '--help']).catch((cause: unknown) => {
    throw new RegistryUnavailableError('Python 3 with venv, which runs it, is not there', { cause })
  })
  // An environment cannot be moved: what is half-done is made anew.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await run('python3', ['-m', 'venv', folder])
  await run(python, ['-m', 'pip', 'install', '-q', '-r', requirements], { timeoutMs: 600_000 })
  await writeFile(complete, '')
  return python
}
