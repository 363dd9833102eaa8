import { Kafka } from '../../src/kafka.ts'
import { decodeOffsetsRecord } from '../../src/protocol/stored/offsets-record.ts'
import { run } from '../support/kafka/command.ts'
import { uniqueName } from '../support/real-kafka.ts'
import { MemberProgram } from './etl-member-process.ts'
import { Hop, type HopResult, type Incident, type Sharing } from './etl-hop.ts'

/** A chain of groups, each of which copies a topic to the next one's. */
export interface ChainPlan {
  readonly bootstrapServers: string
  readonly replicationFactor: number
  readonly recordCount: number
  readonly isStatic: boolean
  /** One hop for each. */
  readonly sharings: readonly Sharing[]
  /** What happens in each hop, evenly spread over the records. */
  readonly incidents: readonly Incident[]
  /** Makes trouble for the brokers meanwhile. */
  readonly trouble?: (() => Promise<void>) | undefined
}

/** What was counted of one hop, out of the brokers' own logs. */
export interface HopVerdict extends HopResult {
  readonly sharing: string
  /** Copies, repeats included. */
  readonly copied: number
  /** Records of the source that have no copy. */
  readonly lost: number
  /** Copies beyond the first. */
  readonly repeated: number
  /** How often copying went back: each time to an offset that was committed. */
  readonly rewinds: number
  /** Copies that neither follow the copy before them nor begin at a committed offset. */
  readonly disordered: number
  /** Offsets that are missing from the copy. */
  readonly gaps: number
  readonly commits: number
  /** Commits of a lower offset than the one before. */
  readonly commitsBack: number
}

const partitions = 6
const fillSize = 1000

/** A copy: where it lies and which record of the source it is of. */
interface Copy {
  readonly offset: number
  readonly source: number
}

/** Sends numbered records through the chain and reads the logs afterwards. */
export async function runChain(plan: ChainPlan): Promise<HopVerdict[]> {
  const { bootstrapServers, replicationFactor, recordCount, sharings, incidents, isStatic } = plan
  await using program = await MemberProgram.build()
  const kafka = new Kafka({ bootstrapServers })
  const name = uniqueName('etl')
  const topics = Array.from({ length: sharings.length + 1 }, (_, index) => `${name}-${index}`)
  const admin = kafka.admin()
  await admin.createTopics(topics.map((topic) => ({ name: topic, partitions, replicationFactor })))
  await admin.close()

  let isFilled = false
  const filled = fill(kafka, topics[0]!, recordCount).then(() => {
    isFilled = true
  })
  const isOver = sharings.map(() => false)
  const trouble = plan.trouble?.()
  const hops = sharings.map((sharing, index) =>
    new Hop({
      kafka,
      bootstrapServers,
      groupId: `${name}-${sharing.name}`,
      from: topics[index]!,
      to: topics[index + 1]!,
      partitions,
      sharing,
      isStatic,
      program,
      incidents,
      interval: Math.floor(recordCount / (incidents.length + 1)),
    })
      .run(() => (index === 0 ? isFilled : isOver[index - 1]!))
      .then((result) => {
        isOver[index] = true
        return result
      }),
  )
  const results = await Promise.all(hops)
  await Promise.all([filled, trouble])

  const commits = await readCommits(kafka, name)
  const lengths = await sourceLengths(kafka, topics[0]!)
  const verdicts: HopVerdict[] = []
  let sources = lengths
  for (const [index, { name: sharing }] of sharings.entries()) {
    const copies = await readCopies(bootstrapServers, topics[index + 1]!)
    verdicts.push({
      sharing,
      ...results[index]!,
      ...judge(copies, sources, (partition) => commits.get(`${name}-${sharing} ${partition}`) ?? []),
    })
    sources = copies.map(({ length }) => length)
  }
  return verdicts
}

async function fill(kafka: Kafka, topic: string, recordCount: number): Promise<void> {
  const producer = kafka.producer()
  for (let from = 0; from < recordCount; from += fillSize) {
    const length = Math.min(fillSize, recordCount - from)
    await producer.sendMany(Array.from({ length }, (_, index) => ({ topic, key: `${from + index}`, value: '' })))
  }
  await producer.close()
}

async function sourceLengths(kafka: Kafka, topic: string): Promise<number[]> {
  const consumer = kafka.consumer()
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const ends = await consumer.endOffsets(all)
  await consumer.close()
  return ends.map(({ offset }) => offset)
}

function judge(
  copies: readonly (readonly Copy[])[],
  sources: readonly number[],
  commitsOf: (partition: number) => readonly number[],
): Omit<HopVerdict, keyof HopResult | 'sharing'> {
  let [lost, repeated, rewinds, disordered, gaps, commits, commitsBack] = [0, 0, 0, 0, 0, 0, 0]
  for (const [partition, ofPartition] of copies.entries()) {
    const committed = commitsOf(partition)
    const resumable = new Set(committed)
    commits += committed.length
    for (const [index, offset] of committed.entries()) if (offset < (committed[index - 1] ?? 0)) commitsBack++
    const seen = new Set<number>()
    let next = 0
    for (const [index, { offset, source }] of ofPartition.entries()) {
      if (offset !== index) gaps++
      if (seen.has(source)) repeated++
      seen.add(source)
      if (source !== next) {
        if (source < next && (source === 0 || resumable.has(source))) rewinds++
        else disordered++
      }
      next = source + 1
    }
    lost += sources[partition]! - seen.size
  }
  const copied = copies.reduce((sum, { length }) => sum + length, 0)
  return { copied, lost, repeated, rewinds, disordered, gaps, commits, commitsBack }
}

/** All copies in a topic, by partition, in the order of the log; read by librdkafka. */
async function readCopies(bootstrapServers: string, topic: string): Promise<Copy[][]> {
  const args = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p %o %s\n']
  const { stdout } = await run('kcat', args, { timeoutMs: 300_000 })
  const copies: Copy[][] = Array.from({ length: partitions }, () => [])
  for (const line of stdout.trimEnd().split('\n')) {
    const [partition, offset, source] = line.split(' ')
    copies[Number(partition)]?.push({ offset: Number(offset), source: Number(source) })
  }
  return copies
}

/** Every offset that groups of this name committed, by group and partition, in the order in which the coordinator took them. */
async function readCommits(kafka: Kafka, prefix: string): Promise<Map<string, number[]>> {
  const topic = '__consumer_offsets'
  const admin = kafka.admin()
  const [description] = await admin.describeTopics([topic])
  await admin.close()
  const all = description!.partitions.map(({ partition }) => ({ topic, partition }))
  const consumer = kafka.consumer({ autoOffsetReset: 'earliest' })
  const ends = await consumer.endOffsets(all)
  const begins = await consumer.beginningOffsets(all)
  const left = new Set(
    ends.filter(({ offset }, index) => offset > begins[index]!.offset).map(({ partition }) => partition),
  )
  const commits = new Map<string, number[]>()
  consumer.assign([...left].map((partition) => ({ topic, partition })))
  const loop = consumer.batches()
  while (left.size > 0) {
    const { value: batch } = await loop.next()
    for (const { key, value } of batch!.records) {
      if (key === null || value === null) continue
      const record = decodeOffsetsRecord(key, value)
      if (record.kind !== 'offset-commit' || record.value === null || !record.key.group.startsWith(prefix)) continue
      const { group, partition } = record.key
      const name = `${group} ${partition}`
      const known = commits.get(name) ?? []
      commits.set(name, known)
      known.push(Number(record.value.offset))
    }
    const { partition, records } = batch!
    // Markers and the like may be behind the last record.
    const position = await consumer.position({ topic, partition })
    if (Math.max(position, records.at(-1)!.offset + 1) >= ends[partition]!.offset) left.delete(partition)
  }
  await consumer.close()
  return commits
}
