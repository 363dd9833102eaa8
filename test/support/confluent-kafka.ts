import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './kafka/command.ts'
import { cacheFolder } from './kafka/jars.ts'

/** With librdkafka 2.16.0. */
const VERSION = '2.16.1'

/** Reads until it has so many records, says what it read and what happened to its assignment, and leaves. */
const SCRIPT = `
import json, sys
from confluent_kafka import Consumer
config, topic, count = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def tell(name):
    return lambda _, partitions: print(json.dumps({'name': name, 'count': len(partitions)}), flush=True)
consumer = Consumer(config)
consumer.subscribe([topic], on_assign=tell('assigned'), on_revoke=tell('revoked'), on_lost=tell('lost'))
read = 0
while read < count:
    message = consumer.poll(1.0)
    if message is None: continue
    if message.error(): raise Exception(str(message.error()))
    print(json.dumps({'name': 'record', 'value': message.value().decode()}), flush=True)
    read += 1
consumer.close()
`

/** One line that the script printed. */
export interface ConfluentEvent {
  name: 'assigned' | 'revoked' | 'lost' | 'record'
  count?: number
  value?: string
}

/** The Python interpreter of an environment with confluent-kafka, made at first use by pip, which knows the machine's index. */
async function ensurePython(): Promise<string> {
  const folder = join(cacheFolder(), `confluent-kafka-${VERSION}`)
  const python = join(folder, 'bin', 'python')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return python
  await rm(folder, { recursive: true, force: true })
  await mkdir(cacheFolder(), { recursive: true })
  await run('python3', ['-m', 'venv', folder])
  await run(python, ['-m', 'pip', 'install', '--quiet', `confluent-kafka==${VERSION}`], { timeoutMs: 300_000 })
  await writeFile(complete, '')
  return python
}

/** A member of a group by confluent-kafka for Python, until it has read so many records. */
export async function confluentMember(
  config: Readonly<Record<string, string>>,
  topic: string,
  count: number,
): Promise<ConfluentEvent[]> {
  const python = await ensurePython()
  const { stdout } = await run(python, ['-c', SCRIPT, JSON.stringify(config), topic, String(count)])
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ConfluentEvent)
}
