// Completes a lock file: node scripts/complete-lockfile.mjs [package-lock.json]
// npm leaves an optional package out of the lock file when its registry, such as a partial mirror, doesn't have it, and
// `npm ci` then refuses the lock file everywhere. The packages concerned hold one platform's binary each. This adds
// their entries, without a checksum, so that npm knows which platform they are for and skips them on any other.
import { readFileSync, writeFileSync } from 'node:fs'

const libcNames = { gnu: 'glibc', gnueabihf: 'glibc', glibc: 'glibc', musl: 'musl', musleabihf: 'musl' }
const platform =
  /[-/](android|darwin|freebsd|linux|openharmony|win32)-(aarch64|arm|arm64|ia32|loong64|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/

const file = process.argv[2] ?? 'package-lock.json'
const lock = JSON.parse(readFileSync(file, 'utf8'))
const missing = Object.values(lock.packages).flatMap(({ optionalDependencies = {}, dev }) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => Object.keys(lock.packages).every((path) => !path.endsWith(`node_modules/${name}`)))
    .map(([name, version]) => ({ name, version, dev })),
)
for (const { name, version, dev } of missing) {
  const [, os, cpu, libc] = platform.exec(name) ?? []
  if (os === undefined) throw new Error(`${name} does not name its platform: add it by hand`)
  lock.packages[`node_modules/${name}`] = {
    version,
    cpu: [cpu === 'aarch64' ? 'arm64' : cpu],
    ...(dev ? { dev } : {}),
    ...(os === 'linux' && libc in libcNames ? { libc: [libcNames[libc]] } : {}),
    optional: true,
    os: [os],
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`)
console.log(
  missing.length === 0 ? `${file} is complete` : `${file}: added ${missing.map(({ name }) => name).join(', ')}`,
)
