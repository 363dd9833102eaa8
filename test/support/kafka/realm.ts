import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run, tail } from './command.ts'
import type { Guard } from './guard.ts'

const REALM = 'TEST.LOCAL'
const startTimeoutMs = 20_000

/** A Kerberos realm of this machine's own: a key distribution center, the broker's key, and a ticket of alice. */
export interface Realm {
  /** The file of settings, for KRB5_CONFIG and for Java's java.security.krb5.conf. */
  readonly configFile: string
  /** The broker's key: `kafka/localhost`. */
  readonly keytab: string
  /** What a program with alice's ticket runs in. */
  readonly userEnvironment: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** The broker's principal, as its login module names it. */
export const brokerPrincipal: string = `kafka/localhost@${REALM}`

/** Makes a realm in the folder and starts its key distribution center on the port; under 2 s. Needs MIT Kerberos. */
export async function startRealm(folder: string, port: number, guard: Guard): Promise<Realm> {
  await mkdir(folder)
  const configFile = join(folder, 'krb5.conf')
  const keytab = join(folder, 'kafka.keytab')
  const userKeytab = join(folder, 'alice.keytab')
  await writeFile(configFile, clientSettings(port))
  await writeFile(join(folder, 'kdc.conf'), serverSettings(folder, port))
  const env = { KRB5_CONFIG: configFile, KRB5_KDC_PROFILE: join(folder, 'kdc.conf') }
  await run('kdb5_util', ['create', '-s', '-r', REALM, '-P', 'master'], { env })
  for (const [principal, file] of [
    [brokerPrincipal, keytab],
    [`alice@${REALM}`, userKeytab],
  ] as const) {
    await run('kadmin.local', ['-r', REALM, '-q', `addprinc -randkey ${principal}`], { env })
    await run('kadmin.local', ['-r', REALM, '-q', `ktadd -k ${file} ${principal}`], { env })
  }
  const center = await startCenter(env, guard)
  const userEnvironment = { KRB5_CONFIG: configFile, KRB5CCNAME: `FILE:${join(folder, 'alice.tickets')}` }
  await run('kinit', ['-k', '-t', userKeytab, `alice@${REALM}`], { env: userEnvironment })
  return {
    configFile,
    keytab,
    userEnvironment,
    close: () => ended(center),
  }
}

function startCenter(env: Record<string, string>, guard: Guard): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn('krb5kdc', ['-n', '-r', REALM], {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (child.pid !== undefined) guard.add(child.pid)
    let log = ''
    const fail = (what: string): void => {
      clearTimeout(timer)
      reject(new Error(`krb5kdc ${what}:\n${tail(log)}`))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`did not serve within ${startTimeoutMs} ms`)
    }, startTimeoutMs)
    const read = (chunk: string): void => {
      log += chunk
      if (!log.includes('commencing operation')) return
      clearTimeout(timer)
      resolve(child)
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    child.once('error', (error) => fail(`can't be started (${error.message})`))
    child.once('close', (code, signal) => fail(`ended with ${code ?? signal} before it served`))
  })
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve()
      return
    }
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

/** No names are looked up: neither the realm's nor the broker's. */
function clientSettings(port: number): string {
  return `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${port}
  }
[domain_realm]
  localhost = ${REALM}
`
}

function serverSettings(folder: string, port: number): string {
  return `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${REALM} = {
    database_name = ${join(folder, 'principal')}
    key_stash_file = ${join(folder, 'stash')}
    acl_file = ${join(folder, 'kadm5.acl')}
    max_life = 1h
  }
[logging]
  kdc = STDERR
`
}
