import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Debian's, for which python3-gssapi is made; others may come first on the PATH. */
export const PYTHON = '/usr/bin/python3'

/** As much of a client of the package `kerberos` as a login takes. Everything is base64. */
export interface KerberosClient {
  readonly contextComplete: boolean
  step(challenge: string): Promise<string | null>
  unwrap(token: string): Promise<string>
  wrap(message: string): Promise<string>
}

/** As much of the package. */
export interface Kerberos {
  readonly GSS_MECH_OID_KRB5: number
  initializeClient(service: string, options: { mechOID: number }): Promise<KerberosClient>
}

/** Stands in for the package `kerberos`, which has to be built from C++, with the tickets that the environment names. */
export function kerberosIn(environment: Readonly<Record<string, string>>): Kerberos {
  return { GSS_MECH_OID_KRB5: 9, initializeClient: (service) => Promise.resolve(startClient(service, environment)) }
}

function startClient(service: string, environment: Readonly<Record<string, string>>): KerberosClient {
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
  const ask = async (verb: string, data: string): Promise<string> => {
    child.stdin.write(`${verb} ${data}\n`)
    const { value, done } = await lines.next()
    if (done !== true) return value
    await exited
    throw new Error(`no token for ${service}:\n${log}`)
  }
  let isComplete = false
  return {
    get contextComplete() {
      return isComplete
    },
    step: async (challenge) => {
      const [token = '', complete] = (await ask('step', challenge)).split(' ')
      isComplete = complete === '1'
      return token === '' ? null : token
    },
    unwrap: (token) => ask('unwrap', token),
    wrap: async (message) => {
      const token = await ask('wrap', message)
      // Nothing comes after it.
      child.stdin.end()
      await exited
      return token
    },
  }
}
