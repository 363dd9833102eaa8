import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka } from '../../src/kafka.ts'
import type { Cluster } from '../support/kafka/cluster.ts'
import { run, tail } from '../support/kafka/command.ts'
import { uniqueName } from '../support/real-kafka.ts'

const inputPartitions = 2
const outputPartitions = 3
const keyCount = 100

/** A topic that is copied by transactions, and what happens to copiers and brokers meanwhile. */
export interface CopyPlan {
  cluster: Cluster
  recordCount: number
  transactionSize: number
  copierCount: number
  /** Default classic. */
  groupProtocol?: 'classic' | 'consumer'
  /** Between sending a batch and committing it: long enough for trouble to meet transactions in all their states. */
  pauseMs: number
  /** Makes trouble; ended by the signal when all is copied. */
  trouble: (scene: CopyScene) => Promise<void>
}

/** What the trouble can look at and do. */
export interface CopyScene {
  copiers: readonly Copier[]
  /** Resolves when this part of the records has been copied. */
  progress: (part: number) => Promise<void>
  /** Resolves when every replica of the topics is in sync. */
  whole: () => Promise<void>
}

/** What was counted after all of it. */
export interface CopyResult {
  records: number
  /** Read `read_committed`. */
  copied: number
  lost: number
  duplicated: number
  /** After a record of the same key that was before it in the input. */
  disordered: number
  /** Records in the output of transactions that were aborted. */
  abortedRecords: number
  /** Transactions that copiers ran again. */
  retried: number
  /** Processes that were started, the first ones included. */
  started: number
  tookMs: number
}

/** A client process that copies. */
export class Copier {
  readonly #options: object
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #isExpected = true
  startedCount = 0
  retriedCount = 0
  /** What became of one that ended by itself. */
  failure: string | undefined

  constructor(options: object) {
    this.#options = options
  }

  start(): void {
    const script = fileURLToPath(new URL('copier.mjs', import.meta.url))
    const child = spawn(process.execPath, [script, JSON.stringify(this.#options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#isExpected = false
    this.startedCount++
    let log = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.retriedCount += text.split('"retried"').length - 1
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
    this.#exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        if (!this.#isExpected) this.failure ??= `a copier ended with ${code ?? signal}: ${tail(log)}`
        resolve()
      })
    })
  }

  /** @param signal - SIGKILL for a crash, SIGTERM to let it end in good order. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isExpected = true
    this.#child?.kill(signal)
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), 30_000)
    await this.#exited
    clearTimeout(timer)
  }
}

/** Fills a topic, has it copied while there is trouble, and counts what `read_committed` consumers of librdkafka read of the copy. */
export async function copyUnderFault(plan: CopyPlan): Promise<CopyResult> {
  const { cluster, recordCount, transactionSize, copierCount, groupProtocol = 'classic', pauseMs, trouble } = plan
  const { bootstrapServers } = cluster
  const [input, output, groupId] = [uniqueName('input'), uniqueName('output'), uniqueName('copy')]
  const kafka = new Kafka({ bootstrapServers })
  const admin = kafka.admin()
  const configs = { 'min.insync.replicas': '2' }
  await admin.createTopics([
    { name: input, partitions: inputPartitions, replicationFactor: 3, configs },
    { name: output, partitions: outputPartitions, replicationFactor: 3, configs },
  ])
  const whole = async (): Promise<void> => {
    for (;;) {
      const topics = await admin.describeTopics([input, output]).catch(() => [])
      const all = topics.flatMap(({ partitions }) => partitions)
      if (all.length > 0 && all.every(({ isr }) => isr.length === 3)) return
      await delay(100)
    }
  }
  await whole()
  await fill(kafka, input, recordCount)

  const observer = kafka.consumer({ groupId, groupProtocol, autoCommit: false })
  const places = Array.from({ length: inputPartitions }, (_, partition) => ({ topic: input, partition }))
  const countCopied = async (): Promise<number> => {
    const committed = await observer.committed(places).catch(() => [])
    return committed.reduce((sum, each) => sum + (each?.offset ?? 0), 0)
  }
  const copiers = Array.from({ length: copierCount }, (_, i) => {
    const transactionalId = `${groupId}-${i}`
    const writing = { output, transactionalId, transactionSize, pauseMs }
    return new Copier({ bootstrapServers, input, groupId, groupProtocol, ...writing })
  })
  const progress = async (part: number): Promise<void> => {
    while ((await countCopied()) < part * recordCount) {
      const failed = copiers.find(({ failure }) => failure !== undefined)
      if (failed !== undefined) throw new Error(failed.failure)
      await delay(100)
    }
  }

  const startedAt = performance.now()
  for (const copier of copiers) copier.start()
  try {
    await trouble({ copiers, progress, whole })
    await progress(1)
  } finally {
    await Promise.all(copiers.map((copier) => copier.stop('SIGTERM')))
  }
  const tookMs = performance.now() - startedAt
  await whole()
  await Promise.all([observer.close(), admin.close()])
  const all = await readIds(bootstrapServers, output, 'read_uncommitted')
  const read = await readIds(bootstrapServers, output, 'read_committed')
  return {
    records: recordCount,
    ...check(read, recordCount),
    abortedRecords: all.length - read.length,
    retried: copiers.reduce((sum, { retriedCount }) => sum + retriedCount, 0),
    started: copiers.reduce((sum, { startedCount }) => sum + startedCount, 0),
    tookMs: Math.round(tookMs),
  }
}

async function fill(kafka: Kafka, topic: string, recordCount: number): Promise<void> {
  await using producer = kafka.producer()
  const keyed = Array.from({ length: recordCount }, (_, id) => ({ topic, key: `key-${id % keyCount}`, value: `${id}` }))
  await producer.sendMany(keyed)
}

function check(
  ids: readonly number[],
  recordCount: number,
): Pick<CopyResult, 'copied' | 'lost' | 'duplicated' | 'disordered'> {
  const seen = new Set<number>()
  const lastOfKey = new Map<number, number>()
  let duplicated = 0
  let disordered = 0
  for (const id of ids) {
    if (seen.has(id)) duplicated++
    seen.add(id)
    const key = id % keyCount
    if (id < (lastOfKey.get(key) ?? -1)) disordered++
    lastOfKey.set(key, id)
  }
  return { copied: ids.length, lost: recordCount - seen.size, duplicated, disordered }
}

/** The values of a topic, by partition and offset. */
async function readIds(bootstrapServers: string, topic: string, isolation: string): Promise<number[]> {
  const args = ['-C', '-b', bootstrapServers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%s\n']
  const { stdout } = await run('kcat', [...args, '-X', `isolation.level=${isolation}`], { timeoutMs: 120_000 })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
}
