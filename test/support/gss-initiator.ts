import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Debian's, for which python3-gssapi is made; others may come first on the PATH. */
export const PYTHON = '/usr/bin/python3'

/** The client's side of one Kerberos context, as a library such as the package `kerberos` offers it. */
export interface GssInitiator {
  /** The next token for the acceptor; empty when there is none. */
  step(token: Uint8Array): Promise<{ token: Uint8Array; isComplete: boolean }>
  unwrap(token: Uint8Array): Promise<Uint8Array>
  /** Signs the message, and leaves it readable. */
  wrap(message: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/** Starts a program that makes the tokens for a service such as `kafka@localhost`, with the ticket that the environment names. */
export function startGssInitiator(service: string, environment: Readonly<Record<string, string>>): GssInitiator {
  const script = fileURLToPath(new URL('gss-initiator.py', import.meta.url))
  const child = spawn(PYTHON, [script, service], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (verb: string, data: Uint8Array): Promise<string> => {
    child.stdin.write(`${verb} ${Buffer.from(data).toString('base64')}\n`)
    const { value, done } = await lines.next()
    if (done !== true) return value
    await exited
    throw new Error(`no token for ${service}:\n${log}`)
  }
  return {
    step: async (given) => {
      const [token = '', isComplete] = (await ask('step', given)).split(' ')
      return { token: decode(token), isComplete: isComplete === '1' }
    },
    unwrap: async (token) => decode(await ask('unwrap', token)),
    wrap: async (message) => decode(await ask('wrap', message)),
    close: async () => {
      child.stdin.end()
      await exited
    },
  }
}

function decode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
