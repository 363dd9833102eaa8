// Remakes the jar lists of test/support/kafka after a change of its poms: node scripts/list-kafka-jars.mjs [set ...]
// Needs Maven. A line is: path below the repository's root, size in bytes, SHA-1.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../test/support/kafka/', import.meta.url))

const poms = readdirSync(folder).filter((name) => name.endsWith('.pom.xml'))
const all = poms.map((name) => name.slice(0, -'.pom.xml'.length))
const chosen = process.argv.slice(2)
for (const set of chosen.length === 0 ? all : chosen) {
  const output = mkdtempSync(join(tmpdir(), 'jars-'))
  try {
    // The repository's own layout of folders shows each jar's path; its checksum files and poms are left out.
    const layout = ['-Dmdep.useRepositoryLayout=true', '-DincludeScope=runtime', `-DoutputDirectory=${output}`]
    const command = ['-q', '-B', '-f', join(folder, `${set}.pom.xml`), 'dependency:copy-dependencies', ...layout]
    execFileSync('mvn', command, { stdio: 'inherit' })
    const files = readdirSync(output, { recursive: true, withFileTypes: true })
    const lines = files
      .filter((file) => file.isFile() && file.name.endsWith('.jar'))
      .map((file) => join(file.parentPath, file.name))
      .map((path) => {
        const bytes = readFileSync(path)
        return `${relative(output, path)} ${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}\n`
      })
    writeFileSync(join(folder, `${set}-jars.txt`), lines.sort().join(''))
  } finally {
    rmSync(output, { recursive: true })
  }
}
