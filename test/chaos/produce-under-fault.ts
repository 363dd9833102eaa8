import { setTimeout as delay } from 'node:timers/promises'
import { Kafka } from '../../src/kafka.ts'
import type { Transport } from '../../src/network/transport.ts'
import { run } from '../support/kafka/command.ts'
import type { Cluster } from '../support/kafka/cluster.ts'
import { uniqueName } from '../support/real-kafka.ts'

const partitions = 6
const keyCount = 100
const tickMs = 10

/** A load on a cluster of three, and what happens to the cluster meanwhile. */
export interface ChaosPlan {
  cluster: Cluster
  recordCount: number
  perSecond: number
  transport?: Transport | undefined
  /** Makes trouble; records go on until it is over. */
  trouble: (scene: Scene) => Promise<void>
}

/** What the trouble can look at. */
export interface Scene {
  topic: string
  /** Node that leads the first partition. */
  leader: () => Promise<number>
  /** Resolves when every replica of the topic is in sync. */
  whole: () => Promise<void>
}

/** What was counted after all of it. */
export interface ChaosResult {
  sent: number
  acknowledged: number
  /** Rejected; they may have been stored all the same. */
  rejected: number
  stored: number
  /** Acknowledged and not stored. */
  lost: number
  /** Stored more than once. */
  duplicated: number
  /** Stored after a record of the same key that was sent later. */
  disordered: number
  /** Acknowledged at an offset where another record is. */
  misplaced: number
  longestMs: number
  tookMs: number
}

/** Sends numbered records, each with one of a hundred keys, while there is trouble; then reads them back with librdkafka and counts. */
export async function produceUnderFault(plan: ChaosPlan): Promise<ChaosResult> {
  const { cluster, recordCount, perSecond, transport, trouble } = plan
  const topic = uniqueName('chaos')
  const admin = new Kafka({ bootstrapServers: cluster.bootstrapServers }).admin()
  const configs = { 'min.insync.replicas': '2' }
  await admin.createTopics([{ name: topic, partitions, replicationFactor: 3, configs }])
  const describe = async () => (await admin.describeTopics([topic]))[0]!.partitions
  const scene: Scene = {
    topic,
    leader: async () => (await describe())[0]!.leaderId,
    whole: async () => {
      for (;;) {
        const all = await describe().catch(() => [])
        if (all.length > 0 && all.every(({ isr }) => isr.length === 3)) return
        await delay(100)
      }
    },
  }
  await scene.whole()

  const kafka = new Kafka({ bootstrapServers: cluster.bootstrapServers, transport })
  const producer = kafka.producer()
  const places = new Map<number, string>()
  let rejected = 0
  let longestMs = 0
  let sent = 0
  const send = async (id: number): Promise<void> => {
    const startedAt = performance.now()
    try {
      const { partition, offset } = await producer.send({ topic, key: `key-${id % keyCount}`, value: `${id}` })
      places.set(id, offset < 0 ? '' : `${partition} ${offset}`)
    } catch {
      rejected++
    }
    longestMs = Math.max(longestMs, performance.now() - startedAt)
  }

  const startedAt = performance.now()
  const over = new AbortController()
  const troubled = trouble(scene).finally(() => over.abort())
  const pending: Promise<void>[] = []
  while (sent < recordCount || !over.signal.aborted) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
    while (sent < due) pending.push(send(sent++))
    await delay(tickMs)
  }
  await troubled
  await Promise.all(pending)
  await producer.close()
  const tookMs = performance.now() - startedAt
  await scene.whole()
  await admin.close()
  return { sent, rejected, longestMs, tookMs, ...check(await readBack(cluster.bootstrapServers, topic), places) }
}

type Checked = Pick<ChaosResult, 'acknowledged' | 'stored' | 'lost' | 'duplicated' | 'disordered' | 'misplaced'>

function check(stored: readonly { id: number; place: string }[], places: ReadonlyMap<number, string>): Checked {
  const seen = new Set<number>()
  const lastOfKey = new Map<number, number>()
  let duplicated = 0
  let disordered = 0
  let misplaced = 0
  for (const { id, place } of stored) {
    if (seen.has(id)) duplicated++
    seen.add(id)
    const key = id % keyCount
    if (id < (lastOfKey.get(key) ?? -1)) disordered++
    lastOfKey.set(key, id)
    const told = places.get(id)
    if (told !== undefined && told !== '' && told !== place) misplaced++
  }
  const lost = [...places.keys()].filter((id) => !seen.has(id)).length
  return { acknowledged: places.size, stored: stored.length, lost, duplicated, disordered, misplaced }
}

/** All records of a topic, by partition and offset. */
async function readBack(bootstrapServers: string, topic: string): Promise<{ id: number; place: string }[]> {
  const args = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p %o %s\n']
  const { stdout } = await run('kcat', args, { timeoutMs: 120_000 })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [partition = '', offset = '', id = ''] = line.split(' ')
      return { id: Number(id), place: `${partition} ${offset}` }
    })
}
