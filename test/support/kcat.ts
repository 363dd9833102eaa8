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
    // Headers and the meaning of an empty text hold for a whole call, so records that differ in them need another.
    for (let from = 0, to: number; from < records.length; from = to) {
      const flags = recordFlags(records[from]!)
      to = from + 1
      while (to < records.length && recordFlags(records[to]!).join('\0') === flags.join('\0')) to++
      const lines = records.slice(from, to).map(({ key, value }) => `${key ?? ''}\t${value ?? ''}\n`)
      const args = ['-P', '-b', bootstrapServers, '-t', topic, '-z', compression, '-K', '\t', ...flags]
      await run('kcat', args, { input: lines.join('') })
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
