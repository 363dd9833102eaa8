import { fileURLToPath } from 'node:url'
import type { ConsumeOptions, ForeignClient, ProduceOptions, ReadTextRecord } from './foreign-client.ts'
import { run } from './kafka/command.ts'
import { pythonWith } from './python.ts'

/** With librdkafka 2.16.0. */
const REQUIREMENTS = 'confluent-kafka==2.16.1\n'

type Settings = Readonly<Record<string, string>>

/** One line that the script printed. */
export type ConfluentEvent =
  | { name: 'assigned' | 'revoked' | 'lost'; count: number }
  | ({ name: 'record' } & ReadTextRecord)

async function runClient(command: 'member' | 'read' | 'write', request: object): Promise<ConfluentEvent[]> {
  const python = await pythonWith('confluent-kafka', REQUIREMENTS)
  const script = fileURLToPath(new URL('confluent_kafka_client.py', import.meta.url))
  const { stdout } = await run(python, [script, command], { input: JSON.stringify(request) })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ConfluentEvent)
}

function recordsOf(events: readonly ConfluentEvent[]): ReadTextRecord[] {
  return events.flatMap((event) => {
    if (event.name !== 'record') return []
    const { partition, offset, key, value, headers } = event
    return [{ partition, offset, key, value, headers }]
  })
}

/** A member of a group by confluent-kafka for Python, until it has read so many records. */
export function confluentMember(config: Settings, topic: string, count: number): Promise<ConfluentEvent[]> {
  return runClient('member', { config, topic, count })
}

/** Reads a topic from its beginning to what is its end for a reader with these settings. */
export async function readByConfluent(config: Settings, topic: string): Promise<ReadTextRecord[]> {
  return recordsOf(await runClient('read', { config, topic }))
}

/** librdkafka, through Confluent's client for Python. */
export const confluentKafka: ForeignClient = {
  async produce({ bootstrapServers, topic, records, compression = 'none' }: ProduceOptions): Promise<void> {
    const config = { 'bootstrap.servers': bootstrapServers, 'compression.type': compression }
    await runClient('write', { config, topic, records })
  },

  async consume({ bootstrapServers, topic, count, groupId }: ConsumeOptions): Promise<ReadTextRecord[]> {
    const config = { 'bootstrap.servers': bootstrapServers }
    if (groupId === undefined) return (await readByConfluent(config, topic)).slice(0, count)
    const joining = { ...config, 'group.id': groupId, 'auto.offset.reset': 'earliest' }
    return recordsOf(await confluentMember(joining, topic, count))
  },
}
