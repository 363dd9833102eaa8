import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { MemberEvents, MemberPlan } from './etl-member.ts'
import type { ProcessReport } from './etl-process.ts'

/** How long a member may take to leave. */
const leavingMs = 60_000

/** The program that members run which are to be killed. */
export class MemberProgram {
  readonly #folder: string
  readonly #file: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#file = join(folder, 'member.mjs')
  }

  /** Makes it, out of the same sources as members of this process. */
  static async build(): Promise<MemberProgram> {
    const program = new MemberProgram(await mkdtemp(join(tmpdir(), 'etl-member-')))
    await build({
      entryPoints: [fileURLToPath(new URL('etl-process.ts', import.meta.url))],
      outfile: program.#file,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    })
    return program
  }

  start(plan: MemberPlan, events: MemberEvents): MemberProcess {
    return new MemberProcess(this.#file, plan, events)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** A member in a process of its own. */
export class MemberProcess {
  readonly instanceId: string | undefined
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #isEnding = false

  constructor(file: string, plan: MemberPlan, { onCopied, onFailure, onAssigned, onLost }: MemberEvents) {
    this.instanceId = plan.options.groupInstanceId
    const child = spawn(process.execPath, [file, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    this.#exited = once(child, 'close').then(([code, signal]) => {
      if (!this.#isEnding) onFailure(new Error(`a member ended by itself: ${code ?? signal}`))
    })
    child.stdin.on('error', () => {})
    createInterface(child.stdout).on('line', (line) => {
      const report = JSON.parse(line) as ProcessReport
      if (report.what === 'copied') onCopied(report.count)
      else if (this.#isEnding) return
      else if (report.what === 'assigned') onAssigned()
      else if (report.what === 'lost') onLost()
      else onFailure(Object.assign(new Error(report.message), { errorName: report.errorName }))
    })
  }

  /** Ends in good order: what it has in hand is copied and committed. */
  async leave(): Promise<void> {
    this.#end('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), leavingMs)
    await this.#exited
    clearTimeout(timer)
  }

  /** Dies as by kill -9: whatever it had in hand, or had not committed, is left to others. */
  async kill(): Promise<void> {
    this.#end('SIGKILL')
    await this.#exited
  }

  #end(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#isEnding = true
    this.#child.kill(signal)
  }
}
