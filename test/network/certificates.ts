import { spawnSync } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Makes certificates for one test run and returns their folder, to be removed; make-certs.sh says which there are. */
export async function makeCertificates(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kafkawire-certs-'))
  const script = fileURLToPath(new URL('../support/kafka/make-certs.sh', import.meta.url))
  const made = spawnSync('bash', [script, folder], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  return folder
}
