import { spawn } from 'node:child_process'

export interface CommandOptions {
  /** Text for the command's standard input, which is closed after it. */
  input?: string
  cwd?: string
  env?: Record<string, string>
  /** Kills the command and rejects when it takes longer. Default 60,000. */
  timeoutMs?: number
}

export interface CommandOutput {
  stdout: string
  stderr: string
}

/** A command has failed or took too long; the message has the tail of its output. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly stdout: string
  readonly stderr: string

  constructor(message: string, { stdout, stderr }: CommandOutput) {
    super(`${message}:\n${tail(stdout + stderr)}`)
    this.stdout = stdout
    this.stderr = stderr
  }
}

/** Runs a command to its end. Rejects with a CommandError, or another error when it can't be started. */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
  const timeoutMs = options.timeoutMs ?? 60_000
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let isTimedOut = false
    const timer = setTimeout(() => {
      isTimedOut = true
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A command that ends before it has read all of its input is judged by its exit code.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new Error(`${command} can't be started: ${cause.message}`, { cause }))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const output = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
      if (code === 0) resolve(output)
      else {
        const end = isTimedOut ? `did not end within ${timeoutMs} ms` : `ended with ${code ?? signal}`
        reject(new CommandError(`${command} ${args.join(' ')} ${end}`, output))
      }
    })
  })
}

/** Whether a command can be started at all; `args` should make it end at once. */
export async function isInstalled(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args, { timeoutMs: 20_000 })
    return true
  } catch {
    return false
  }
}

/** The last lines of a long output, for error messages. */
export function tail(text: string, lines = 40): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}
