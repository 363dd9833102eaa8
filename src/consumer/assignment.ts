import { ConfigError } from '../errors.ts'
import { PartitionState } from './partition-state.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'

/** The partitions that a consumer reads, whoever assigned them. */
export class Assignment {
  readonly #states = new Map<string, PartitionState>()

  get size(): number {
    return this.#states.size
  }

  /** In the order in which they were assigned. */
  get states(): Iterable<PartitionState> {
    return this.#states.values()
  }

  find(topic: string, partition: number): PartitionState | undefined {
    return this.#states.get(partitionKey(topic, partition))
  }

  /** Throws ConfigError when the partition is not assigned. */
  get({ topic, partition }: TopicPartition): PartitionState {
    const state = this.find(topic, partition)
    if (state !== undefined) return state
    throw new ConfigError('partition', `${partitionKey(topic, partition)} is not assigned to this consumer`)
  }

  /** Whether this very state is current: a partition that came back has a new one. */
  has(state: PartitionState): boolean {
    return this.#states.get(state.key) === state
  }

  /** The partitions, or all of them when none are named. */
  select(partitions: readonly TopicPartition[] | undefined): PartitionState[] {
    return partitions === undefined ? [...this.states] : partitions.map((partition) => this.get(partition))
  }

  list(): TopicPartition[] {
    return Array.from(this.states, ({ topic, partition }) => ({ topic, partition }))
  }

  /** Assigns exactly these: those that stay keep their state. Returns the ones that went. */
  replace(partitions: readonly TopicPartition[]): PartitionState[] {
    const next = new Map<string, PartitionState>()
    for (const { topic, partition } of partitions) {
      const state = this.find(topic, partition) ?? new PartitionState(topic, partition)
      next.set(state.key, state)
    }
    const removed = [...this.states].filter(({ key }) => !next.has(key))
    this.#states.clear()
    for (const state of next.values()) this.#states.set(state.key, state)
    // What is under way for them must find itself stale.
    for (const state of removed) state.reset('committed')
    return removed
  }
}
