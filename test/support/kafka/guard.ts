import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * A shell process that outlives the harness by a moment and cleans up after it: see guard.sh. It stands in a process
 * group of its own, so that Ctrl-C reaches only the test run.
 */
export class Guard {
  readonly #child: ChildProcess

  /** The folder is deleted when the guard is released or the harness dies. */
  constructor(folder: string) {
    const script = fileURLToPath(new URL('guard.sh', import.meta.url))
    this.#child = spawn('sh', [script, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    this.#child.stdin?.on('error', () => {})
  }

  add(pid: number): void {
    this.#child.stdin?.write(`add ${pid}\n`)
  }

  remove(pid: number): void {
    this.#child.stdin?.write(`remove ${pid}\n`)
  }

  /** Kills what is still listed, deletes the folder, and resolves when that is done. */
  release(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null) {
        resolve()
        return
      }
      this.#child.once('exit', () => resolve())
      this.#child.stdin?.end()
    })
  }
}
