import type { Consumer } from '../../src/consumer/consumer.ts'
import type { RebalanceListener } from '../../src/consumer/options.ts'
import type { TopicPartition } from '../../src/consumer/topic-partition.ts'

/** Values that are to reach a certain state, and those who wait for it. */
class Awaitable<T> {
  #value: T
  readonly #waiters = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set value(value: T) {
    this.#value = value
    for (const look of this.#waiters) look()
  }

  /** Resolves once the value is as wanted. */
  until(isWanted: (value: T) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isWanted(this.#value)) return
        this.#waiters.delete(look)
        resolve()
      }
      this.#waiters.add(look)
      look()
    })
  }
}

/** A loop that reads everything, and what it has read so far. */
export class Reading<K, V> {
  readonly consumer: Consumer<K, V>
  /** Settles with the loop. */
  readonly done: Promise<void>
  readonly #values = new Awaitable<readonly V[]>([])

  constructor(consumer: Consumer<K, V>) {
    this.consumer = consumer
    this.done = this.#run()
  }

  get values(): readonly V[] {
    return this.#values.value
  }

  /** Resolves when so many records were read; rejects when the loop fails before. */
  reaches(count: number): Promise<void> {
    return Promise.race([this.#values.until(({ length }) => length >= count), this.done])
  }

  async #run(): Promise<void> {
    for await (const { value } of this.consumer) this.#values.value = [...this.values, value]
  }
}

/** Listeners that follow what a consumer is assigned. */
export class Assignments {
  /** What happened, such as `assigned orders-0`. */
  readonly events: string[] = []
  readonly #partitions = new Awaitable<readonly string[]>([])

  get partitions(): readonly string[] {
    return this.#partitions.value
  }

  /** To be spread into a consumer's options. */
  readonly listeners: Readonly<Record<'onAssigned' | 'onRevoked' | 'onLost', RebalanceListener>> = {
    onAssigned: (partitions) => this.#on('assigned', partitions, [...this.partitions, ...name(partitions)]),
    onRevoked: (partitions) => this.#on('revoked', partitions, this.#without(partitions)),
    onLost: (partitions) => this.#on('lost', partitions, this.#without(partitions)),
  }

  /** Resolves once so many partitions are assigned. */
  reach(count: number): Promise<void> {
    return this.#partitions.until(({ length }) => length === count)
  }

  #on(what: string, affected: readonly TopicPartition[], owned: readonly string[]): void {
    this.events.push(`${what} ${name(affected).join(' ')}`.trim())
    this.#partitions.value = owned.toSorted()
  }

  #without(partitions: readonly TopicPartition[]): string[] {
    const gone = new Set(name(partitions))
    return this.partitions.filter((each) => !gone.has(each))
  }
}

function name(partitions: readonly TopicPartition[]): string[] {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`).toSorted()
}

/** The decimal numbers from `from` up to `to`, which is left out. */
export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index))
}

/**
 * Waits until loops have read so many different values between them, closes their consumers, and gives all that was read, by number: what was
 * read twice is in it twice.
 */
export async function readBetween(
  readings: readonly Reading<unknown, string | null>[],
  count: number,
): Promise<number[]> {
  const values = (): (string | null)[] => readings.flatMap((reading) => reading.values)
  await until(() => new Set(values()).size === count)
  for (const { consumer } of readings) await consumer.close()
  return values()
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** Resolves once the condition holds, of which nobody sends word. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}
