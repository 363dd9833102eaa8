import { join } from 'node:path'
import type { ConsumeOptions, ForeignClient, ProduceOptions, ReadTextRecord, TextRecord } from './foreign-client.ts'
import { run, type CommandOptions, type CommandOutput } from './kafka/command.ts'
import { ensureJars } from './kafka/jars.ts'
import { javaCommand, jvmFlags } from './kafka/java.ts'

// Stands for null in the console tools' text; a record with this very text can't be told apart.
const nullText = '<null>'

/** Runs a Kafka tool by its class name, such as `org.apache.kafka.tools.GetOffsetShell`. */
export async function runJavaTool(
  className: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const jars = join(await ensureJars('tools'), '*')
  return run(javaCommand(), [...jvmFlags, '-cp', jars, className, ...args], options)
}

/** Java's own client, through the console producer and the console consumer. */
export const javaConsole: ForeignClient = {
  async produce({ bootstrapServers, topic, records, compression = 'none' }: ProduceOptions): Promise<void> {
    const properties = ['parse.key=true', 'parse.headers=true', `null.marker=${nullText}`]
    const args = ['--bootstrap-server', bootstrapServers, '--topic', topic, '--compression-codec', compression]
    args.push(...properties.flatMap((property) => ['--reader-property', property]))
    await runJavaTool('org.apache.kafka.tools.ConsoleProducer', args, {
      input: records.map((record) => `${line(record)}\n`).join(''),
    })
  },

  async consume({ bootstrapServers, topic, count, groupId }: ConsumeOptions): Promise<ReadTextRecord[]> {
    const args = ['--bootstrap-server', bootstrapServers, '--topic', topic, '--from-beginning']
    if (groupId !== undefined) args.push('--group', groupId)
    args.push('--max-messages', String(count), '--timeout-ms', '30000')
    const shown = ['key', 'headers', 'offset', 'partition'].map((part) => `print.${part}=true`)
    args.push(...[...shown, `null.literal=${nullText}`].flatMap((property) => ['--formatter-property', property]))
    const { stdout } = await runJavaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', args)
    return stdout
      .split('\n')
      .filter((text) => text.startsWith('Partition:'))
      .map(parseLine)
  },
}

function line({ key, value, headers }: TextRecord): string {
  const headerText = headers.map(([name, text]) => `${name}:${text ?? nullText}`).join(',')
  return [headers.length === 0 ? nullText : headerText, key ?? nullText, value ?? nullText].join('\t')
}

function parseLine(text: string): ReadTextRecord {
  const [partition = '', offset = '', headers = '', key = '', value = ''] = text.split('\t')
  return {
    partition: Number(partition.slice('Partition:'.length)),
    offset: Number(offset.slice('Offset:'.length)),
    headers: headers === 'NO_HEADERS' ? [] : headers.split(',').map(parseHeader),
    key: orNull(key),
    value: orNull(value),
  }
}

function parseHeader(text: string): [string, string | null] {
  const colon = text.indexOf(':')
  return [text.slice(0, colon), orNull(text.slice(colon + 1))]
}

function orNull(text: string): string | null {
  return text === nullText ? null : text
}
