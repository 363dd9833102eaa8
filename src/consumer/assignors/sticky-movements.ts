import type { StickyGroup } from './sticky-group.ts'

/**
 * The moves that balancing has made so far. Two members must not swap partitions of one topic: rather than moving one
 * there after another came from there, that other one goes back.
 */
export class StickyMovements {
  readonly #group: StickyGroup
  /** Where each moved partition was at first. */
  readonly #origins = new Map<number, number>()
  /** The moved partitions by topic, origin and present place. */
  readonly #moved = new Map<number, Set<number>>()

  constructor(group: StickyGroup) {
    this.#group = group
  }

  /**
   * The partition that should move to `to` when `partition` was chosen to move there from `from`: rather than it, one of the
   * same topic that moved the opposite way.
   */
  insteadOf(partition: number, from: number, to: number): number {
    const route = this.#route(this.#group.topicOf[partition]!, to, this.#origins.get(partition) ?? from)
    const [instead = partition] = this.#moved.get(route) ?? []
    return instead
  }

  record(partition: number, from: number, to: number): void {
    const topic = this.#group.topicOf[partition]!
    const origin = this.#origins.get(partition)
    if (origin !== undefined) this.#moved.get(this.#route(topic, origin, from))!.delete(partition)
    this.#origins.delete(partition)
    if (origin === to) return
    this.#origins.set(partition, origin ?? from)
    const route = this.#route(topic, origin ?? from, to)
    const moved = this.#moved.get(route)
    if (moved === undefined) this.#moved.set(route, new Set([partition]))
    else moved.add(partition)
  }

  #route(topic: number, from: number, to: number): number {
    const { length } = this.#group.members
    return (topic * length + from) * length + to
  }
}
