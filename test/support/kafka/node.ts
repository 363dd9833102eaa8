import { spawn, type ChildProcess } from 'node:child_process'
import { tail } from './command.ts'
import type { Guard } from './guard.ts'
import { javaCommand } from './java.ts'

const startTimeoutMs = 90_000
const stopTimeoutMs = 30_000

export interface KafkaNodeOptions {
  nodeId: number
  /** Port of the PLAINTEXT listener; undefined for a node that is only a controller. */
  port: number | undefined
  folder: string
  jvmArgs: readonly string[]
  guard: Guard
  /** What it prints once it serves. Default that of a KRaft broker. */
  readyLine?: string
}

/** One broker or controller process, which tests may stop, kill, freeze and start again on the same data. */
export class KafkaNode {
  readonly nodeId: number
  readonly host: string = '127.0.0.1'
  readonly port: number | undefined
  /** Where the node's properties and data are. */
  readonly folder: string
  readonly #jvmArgs: readonly string[]
  readonly #guard: Guard
  readonly #readyLine: string
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #log = ''

  constructor(options: KafkaNodeOptions) {
    this.nodeId = options.nodeId
    this.port = options.port
    this.folder = options.folder
    this.#jvmArgs = options.jvmArgs
    this.#guard = options.guard
    this.#readyLine = options.readyLine ?? 'Kafka Server started'
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** What the node has printed since its last start. */
  get log(): string {
    return this.#log
  }

  /** Starts the process and resolves when the node serves. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`Kafka node ${this.nodeId} is running already`)
    this.#log = ''
    const child = spawn(javaCommand(), this.#jvmArgs, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const { pid } = child
    if (pid !== undefined) this.#guard.add(pid)
    this.#exited = new Promise((resolve) => {
      const end = (): void => {
        if (pid !== undefined) this.#guard.remove(pid)
        this.#child = undefined
        resolve()
      }
      child.once('exit', end)
      child.once('error', end)
    })
    await this.#ready(child)
  }

  /** kill -9: the broker is gone without a word to its clients or its controller. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** SIGTERM: the broker hands its partitions over and leaves; killed when that takes more than 30 s. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await this.#exited
    clearTimeout(timer)
  }

  /** SIGSTOP: sockets stay open and nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  /** SIGCONT, after `pause`. */
  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Stops the node in good order and starts it again. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  #ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        fail(`did not serve within ${startTimeoutMs} ms`)
      }, startTimeoutMs)
      const fail = (what: string): void => {
        clearTimeout(timer)
        reject(new Error(`Kafka node ${this.nodeId} ${what}:\n${tail(this.#log)}`))
      }
      const read = (chunk: string): void => {
        this.#log += chunk
        if (!this.#log.includes(this.#readyLine)) return
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.setEncoding('utf8').on('data', read)
      child.stderr?.setEncoding('utf8').on('data', read)
      child.once('error', (error) => fail(`can't be started (${error.message})`))
      // 'close' rather than 'exit': by then all of its output has been read.
      child.once('close', (code, signal) => fail(`ended with ${code ?? signal} before it served`))
    })
  }
}
