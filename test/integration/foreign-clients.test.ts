import { describe, expect, test } from 'vitest'
import { confluentKafka } from '../support/confluent-kafka.ts'
import type { TextRecord } from '../support/foreign-client.ts'
import { javaConsole } from '../support/java-tools.ts'
import { kcat } from '../support/kcat.ts'
import { describeWithKafka, uniqueName } from '../support/real-kafka.ts'

const records: TextRecord[] = [
  {
    key: 'k1',
    value: 'välue',
    headers: [
      ['h', '1'],
      ['h', null],
      ['g', ''],
    ],
  },
  { key: null, value: null, headers: [] },
  { key: '', value: '', headers: [] },
]

describeWithKafka('the foreign clients of the interop tests', ['java', 'kcat', 'python3'], ({ bootstrapServers }) => {
  describe.each([
    ['the Java console', javaConsole, 'kcat', kcat],
    ['kcat', kcat, 'confluent-kafka', confluentKafka],
    ['confluent-kafka', confluentKafka, 'the Java console', javaConsole],
  ] as const)('%s', (_writerName, writer, readerName, reader) => {
    test(`writes nulls, empty texts and repeated headers that ${readerName} reads unchanged`, async () => {
      const topic = uniqueName('foreign')
      await writer.produce({ bootstrapServers, topic, records, compression: 'gzip' })
      const read = await reader.consume({ bootstrapServers, topic, count: records.length })
      expect(read).toEqual(records.map((record, offset) => Object.assign({ partition: 0, offset }, record)))
    })
  })
})
