import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PythonUnavailableError, pythonWith } from '../python.ts'
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

async function ensurePython(): Promise<string> {
  const requirements = await readFile(new URL('confluent/requirements.txt', import.meta.url), 'utf8')
  try {
    return await pythonWith('confluent-python', requirements)
  } catch (error) {
    if (!(error instanceof PythonUnavailableError)) throw error
    throw new RegistryUnavailableError(error.message, { cause: error })
  }
}
