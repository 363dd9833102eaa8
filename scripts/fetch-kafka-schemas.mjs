// Prints the folder with the message schemas of a Kafka release (common/message/*.json of kafka-clients), after fetching
// them on first use: node scripts/fetch-kafka-schemas.mjs 4.4.0
// The jar comes through Maven, or without it from the Maven repository whose URL is in KAFKAWIRE_MAVEN_URL. Nothing of it is kept but the schemas, below
// KAFKAWIRE_CACHE or ~/.cache/kafkawire.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

const sha1s = {
  '3.9.1': '86ca079953ed5606257ff298c24666b26da6985b',
  '4.4.0': '1d2ebc2a3f0ecce03faa288c42d4e8f998aac47d',
}
const version = process.argv[2] ?? '4.4.0'
const sha1 = sha1s[version]
if (sha1 === undefined) throw new Error(`the SHA-1 of kafka-clients ${version} is not listed here`)
const jarName = `kafka-clients-${version}.jar`
const cache = process.env.KAFKAWIRE_CACHE || join(homedir(), '.cache', 'kafkawire')
const folder = join(cache, `kafka-schemas-${version}`)

if (!existsSync(folder)) {
  mkdirSync(cache, { recursive: true })
  // The folder gets its name only when it is complete.
  const incomplete = mkdtempSync(`${folder}.incomplete-`)
  try {
    for (const { name, bytes } of unzip(await fetchJar(incomplete))) {
      if (name.startsWith('common/message/') && name.endsWith('.json')) {
        writeFileSync(join(incomplete, basename(name)), bytes())
      }
    }
    rename(incomplete)
  } finally {
    rmSync(incomplete, { recursive: true, force: true })
  }
}
console.log(folder)

function rename(incomplete) {
  try {
    renameSync(incomplete, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error // Else another run was faster.
  }
}

async function fetchJar(scratch) {
  const repository = process.env.KAFKAWIRE_MAVEN_URL
  const jar = repository ? await download(repository) : copyWithMaven(scratch)
  const digest = createHash('sha1').update(jar).digest('hex')
  if (digest !== sha1) throw new Error(`${jarName} has the SHA-1 ${digest}, not ${sha1}`)
  return jar
}

async function download(repository) {
  const url = `${repository.replace(/\/$/, '')}/org/apache/kafka/kafka-clients/${version}/${jarName}`
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) })
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

function copyWithMaven(scratch) {
  const artifact = `-Dartifact=org.apache.kafka:kafka-clients:${version}`
  const command = ['-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${scratch}`]
  execFileSync('mvn', command, { stdio: ['ignore', process.stderr, process.stderr], timeout: 300_000 })
  const jar = readFileSync(join(scratch, jarName))
  rmSync(join(scratch, jarName))
  return jar
}

/** The files of a zip archive, found through the central directory at its end; Kafka's jars need no zip64. */
function* unzip(zip) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0) throw new Error('this is no zip archive')
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const method = zip.readUInt16LE(at + 10)
    const size = zip.readUInt32LE(at + 20)
    const nameSize = zip.readUInt16LE(at + 28)
    const header = zip.readUInt32LE(at + 42)
    const name = zip.toString('utf8', at + 46, at + 46 + nameSize)
    const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
    const packed = zip.subarray(start, start + size)
    yield { name, bytes: () => (method === 0 ? packed : inflateRawSync(packed)) }
    at += 46 + nameSize + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
}
