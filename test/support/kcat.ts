import type { ConsumeOptions, ForeignClient, ProduceOptions, ReadTextRecord, TextRecord } from './foreign-client.ts'
import { run } from './kafka/command.ts'

/** What `kcat -J` prints for a record. Headers are a flat list of keys and values. */
interface KcatRecord {
  partition: number
  offset: number
  headers?: (string | null)[]
  key: string | null
  payload: string | null
}

/** librdkafka, through its command line client. */
export const kcat: ForeignClient = {
  async produce({ bootstrapServers, topic, records, compression = 'none' }: ProduceOptions): Promise<void> {
    // Headers and the meaning of an empty text hold for a whole call, so every record gets a call of its own.
    for (const record of records) {
      const args = ['-P', '-b', bootstrapServers, '-t', topic, '-z', compression, '-K', '\t', ...recordFlags(record)]
      await run('kcat', args, { input: `${record.key ?? ''}\t${record.value ?? ''}\n` })
    }
  },

  async consume({ bootstrapServers, topic, count, groupId }: ConsumeOptions): Promise<ReadTextRecord[]> {
    const source = groupId === undefined ? ['-C', '-t', topic, '-o', 'beginning'] : ['-G', groupId, topic]
    const args = ['-b', bootstrapServers, '-c', String(count), '-q', '-J', ...source]
    const { stdout } = await run('kcat', args)
    return stdout
      .trimEnd()
      .split('\n')
      .map((text) => read(JSON.parse(text) as KcatRecord))
  },
}

function recordFlags({ key, value, headers }: TextRecord): string[] {
  const hasNull = key === null || value === null
  if (hasNull && (key === '' || value === '')) throw new Error("kcat can't write null and empty in one record")
  const headerFlags = headers.flatMap(([name, text]) => ['-H', text === null ? name : `${name}=${text}`])
  return hasNull ? [...headerFlags, '-Z'] : headerFlags
}

function read({ partition, offset, key, payload, headers = [] }: KcatRecord): ReadTextRecord {
  const pairs: [string, string | null][] = []
  for (let index = 0; index < headers.length; index += 2) pairs.push([headers[index]!, headers[index + 1]!])
  return { partition, offset, key, value: payload, headers: pairs }
}
