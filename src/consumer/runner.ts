import { callback, integer, oneOf, type OptionTable, resolveOptions } from '../config.ts'
import { ConfigError } from '../errors.ts'
import type { Lane } from './in-hand.ts'
import type { LoopHost } from './loop.ts'
import type { ConsumerBatch, ConsumerRecord } from './record.ts'

/** Which records are handled one after the other: those of one partition, or only those of one partition with the same key. */
export type HandlingOrder = 'partition' | 'key'

/** What `consumer.run` is to do. Either `eachRecord` or `eachBatch` has to be given. */
export interface RunOptions<K, V> {
  /** Handles one record. */
  readonly eachRecord?: ((record: ConsumerRecord<K, V>) => void | Promise<void>) | undefined
  /** Handles at most `maxPollRecords` records of one partition together. */
  readonly eachBatch?: ((batch: ConsumerBatch<K, V>) => void | Promise<void>) | undefined
  /** How many calls may be under way at the same time. Default 1. */
  readonly concurrency?: number | undefined
  /**
   * Default `partition`. With `key`, records of one partition with different keys, or with none, are handled at the same time. What is handled ahead of a
   * record that fails, or is under way when partitions move, is delivered again.
   */
  readonly orderBy?: HandlingOrder | undefined
  /** Ends the run: functions that are under way are waited for, then it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a run with their defaults in place. */
export interface RunSettings<K, V> extends Pick<RunOptions<K, V>, 'eachRecord' | 'eachBatch' | 'signal'> {
  readonly concurrency: number
  readonly orderBy: HandlingOrder
}

/** What a run needs of its consumer. */
export interface RunHost<K, V> extends Pick<
  LoopHost,
  'attend' | 'begin' | 'end' | 'isInterrupted' | 'mayDeliver' | 'onAbandon' | 'onWait' | 'wakeup'
> {
  /** Records of a partition that is not being handled; undefined when none are buffered. */
  takeLane(maxRecords: number): Promise<Lane<K, V> | undefined>
  /** Whether the lane's next record may be handled. */
  isCurrent(lane: Lane<K, V>): boolean
  /** The lane's records below this offset have been handled. */
  passLane(lane: Lane<K, V>, offset: number): void
  /** Nothing of the lane is under way any more. */
  endLane(lane: Lane<K, V>, outcome: { isDone: boolean }): void
  /** The function that had been at work the longest has returned. */
  onProgress(): void
}

/** Longest time for which functions that return at once keep the event loop from everything else. */
const TURN_MS = 20

const RUN_OPTIONS: OptionTable<Omit<RunOptions<unknown, unknown>, 'signal'>> = {
  eachRecord: callback<(record: ConsumerRecord<unknown, unknown>) => void | Promise<void>>(),
  eachBatch: callback<(batch: ConsumerBatch<unknown, unknown>) => void | Promise<void>>(),
  concurrency: integer(1, { min: 1 }),
  orderBy: oneOf<HandlingOrder>('partition', ['partition', 'key']),
}

/** Checks the options of a run. Throws ConfigError. */
export function runSettings<K, V>({ signal, ...given }: RunOptions<K, V>): RunSettings<K, V> {
  const settings = resolveOptions('run', RUN_OPTIONS, given as RunOptions<unknown, unknown>)
  const { eachRecord, eachBatch, concurrency, orderBy } = settings
  if ((eachRecord === undefined) === (eachBatch === undefined)) {
    throw new ConfigError('eachRecord', 'run needs either eachRecord or eachBatch')
  }
  if (eachBatch !== undefined && orderBy === 'key') {
    throw new ConfigError('orderBy', "orderBy 'key' needs eachRecord: a batch is handled as a whole")
  }
  return { eachRecord, eachBatch, concurrency, orderBy, signal } as RunSettings<K, V>
}

/**
 * One `consumer.run`: up to `concurrency` partitions, each with records of its own, are at work at a time. A partition that is being handled is left
 * alone by delivery and, once enough is buffered, by the fetcher, so memory stays bounded while the others go on.
 */
export class Runner<K, V> {
  readonly #host: RunHost<K, V>
  readonly #settings: RunSettings<K, V>
  readonly #maxRecords: number
  readonly #lanes = new Set<Promise<void>>()
  /** Records and batches whose function is at work, the longest one first. */
  readonly #inHand = new Set<object>()
  /** Calls waiting for one of those under way to return. */
  readonly #waiting: (() => void)[] = []
  #freeCalls: number
  #turnStartedAt = 0
  #failure: { readonly reason: unknown } | undefined

  constructor(host: RunHost<K, V>, settings: RunSettings<K, V>, maxRecords: number) {
    this.#host = host
    this.#settings = settings
    this.#maxRecords = maxRecords
    this.#freeCalls = settings.concurrency
  }

  async run(): Promise<void> {
    const { signal } = this.#settings
    const host = this.#host
    const onAbort = (): void => host.wakeup.wake()
    signal?.throwIfAborted()
    host.begin(this)
    signal?.addEventListener('abort', onAbort, { once: true })
    host.onWait()
    try {
      await this.#pump()
    } catch (error) {
      this.#failure ??= { reason: error }
      host.onAbandon()
    }
    await Promise.all(this.#lanes)
    signal?.removeEventListener('abort', onAbort)
    host.end(this)
    if (this.#failure !== undefined) throw this.#failure.reason
    signal?.throwIfAborted()
  }

  get #isOver(): boolean {
    return this.#failure !== undefined || this.#settings.signal?.aborted === true
  }

  async #pump(): Promise<void> {
    const host = this.#host
    for (;;) {
      const { count } = host.wakeup
      if (this.#isOver) return
      // A rebalance, an error to be told or the end of the consumer: dealt with when nothing is under way.
      if (this.#lanes.size === 0 && !host.attend()) return
      const mayTake = this.#lanes.size < this.#settings.concurrency && !host.isInterrupted && host.mayDeliver
      const lane = mayTake ? await host.takeLane(this.#maxRecords) : undefined
      if (lane !== undefined) this.#start(lane)
      else await host.wakeup.after(count)
      await this.#giveWay()
    }
  }

  #start(lane: Lane<K, V>): void {
    const { eachBatch, orderBy } = this.#settings
    const handling =
      eachBatch !== undefined
        ? this.#handleBatch(lane, eachBatch)
        : orderBy === 'key'
          ? this.#handleByKey(lane)
          : this.#handleInOrder(lane)
    const running = handling
      .catch((error: unknown) => {
        this.#failure ??= { reason: error }
        return false
      })
      .then((isDone) => {
        this.#lanes.delete(running)
        this.#host.endLane(lane, { isDone })
      })
    this.#lanes.add(running)
  }

  async #handleBatch(lane: Lane<K, V>, eachBatch: (batch: ConsumerBatch<K, V>) => void | Promise<void>): Promise<true> {
    const { batch } = lane
    this.#inHand.add(batch)
    try {
      await eachBatch(batch)
    } finally {
      this.#return(batch)
    }
    return true
  }

  async #handleInOrder(lane: Lane<K, V>): Promise<boolean> {
    for (const record of lane.batch) {
      if (this.#isOver || !this.#host.isCurrent(lane)) return false
      const handling = this.#handle(record)
      if (handling !== undefined) await handling
      this.#host.passLane(lane, record.offset + 1)
    }
    return true
  }

  /** Chains of records with the same key, side by side. */
  async #handleByKey(lane: Lane<K, V>): Promise<boolean> {
    const { records } = lane.batch
    const isHandled = records.map(() => false)
    let handledCount = 0
    const handleChain = async (chain: readonly number[]): Promise<void> => {
      for (const index of chain) {
        await this.#acquire()
        try {
          if (this.#isOver || !this.#host.isCurrent(lane)) return
          await this.#handle(records[index]!)
        } catch (error) {
          // The other chains are to stop at once, not when this one is waited for.
          this.#failure ??= { reason: error }
          return
        } finally {
          this.#release()
        }
        isHandled[index] = true
        while (isHandled[handledCount] === true) handledCount++
        if (handledCount > 0) this.#host.passLane(lane, records[handledCount - 1]!.offset + 1)
      }
    }
    await Promise.all(chainsByKey(records).map(handleChain))
    return handledCount === records.length
  }

  /** Undefined when the function was done at once. */
  #handle(record: ConsumerRecord<K, V>): Promise<void> | undefined {
    this.#inHand.add(record)
    let handling: void | Promise<void>
    try {
      handling = this.#settings.eachRecord!(record)
    } catch (error) {
      this.#return(record)
      throw error
    }
    if (handling !== undefined) return Promise.resolve(handling).finally(() => this.#return(record))
    this.#return(record)
    return undefined
  }

  #return(item: object): void {
    const [oldest] = this.#inHand
    this.#inHand.delete(item)
    if (oldest === item) this.#host.onProgress()
  }

  async #acquire(): Promise<void> {
    if (this.#freeCalls > 0) this.#freeCalls--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#freeCalls++
    else next()
  }

  /** Lets timers and sockets have their turn now and then. */
  async #giveWay(): Promise<void> {
    const now = performance.now()
    if (now - this.#turnStartedAt < TURN_MS) return
    await new Promise((resolve) => {
      setTimeout(resolve)
    })
    this.#turnStartedAt = performance.now()
  }
}

/** Indexes of records, those with the same key together in their order, those without a key each on its own. */
function chainsByKey<K>(records: readonly ConsumerRecord<K, unknown>[]): number[][] {
  const chains: number[][] = []
  const byKey = new Map<unknown, number[]>()
  for (const [index, { key }] of records.entries()) {
    const identity = identityOf(key)
    const known = identity === undefined ? undefined : byKey.get(identity)
    if (known !== undefined) {
      known.push(index)
      continue
    }
    const chain = [index]
    chains.push(chain)
    if (identity !== undefined) byKey.set(identity, chain)
  }
  return chains
}

/** Something that is equal for equal keys; undefined without a key. */
function identityOf(key: unknown): unknown {
  if (key === null || key === undefined) return undefined
  if (key instanceof Uint8Array) return key.join()
  return typeof key === 'object' ? JSON.stringify(key) : key
}
