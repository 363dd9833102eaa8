import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { describe, inject } from 'vitest'
import { javaCommand } from './kafka/java.ts'
import { PYTHON } from './kerberos.ts'
import { isKafkaRequired, type RealKafka } from './provided-kafka.ts'

/** A program outside this repository that a test talks to. */
export type Tool = 'java' | 'kcat' | 'python3' | 'kerberos'

/**
 * A `describe` whose tests run against the shared broker. They are skipped, with the reason in the title, when there is
 * no broker or one of the `needs` is not installed, unless `isKafkaRequired`.
 */
export function describeWithKafka(title: string, needs: readonly Tool[], body: (kafka: RealKafka) => void): void {
  const provided = inject('kafka')
  const kafka: RealKafka = 'unavailable' in provided ? { bootstrapServers: '', source: 'process' } : provided
  const missing = 'unavailable' in provided ? provided.unavailable : missingTool(needs)
  if (missing !== undefined && isKafkaRequired()) throw new Error(`These tests must run here, but ${missing}`)
  describe.skipIf(missing !== undefined)(`${title}${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
    body(kafka)
  })
}

function missingTool(needs: readonly Tool[]): string | undefined {
  const probes: Record<Tool, [command: string, ...args: string[]]> = {
    java: [javaCommand(), '-version'],
    kcat: ['kcat', '-V'],
    python3: ['python3', '--version'],
    kerberos: ['sh', '-c', `command -v krb5kdc kdb5_util kadmin.local kinit && ${PYTHON} -c 'import gssapi'`],
  }
  const missing = needs.find((tool) => {
    const [command, ...args] = probes[tool]
    return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status !== 0
  })
  return missing === undefined ? undefined : `${missing} is not installed`
}

/** A topic or group name that no other test and no earlier run has used. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}
