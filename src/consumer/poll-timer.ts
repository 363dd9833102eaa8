import type { GroupHost } from './membership.ts'

/** Watches that the loop asks for records in time (Java: max.poll.interval.ms). A loop that waits for one always does. */
export class PollTimer {
  readonly #host: Pick<GroupHost, 'activity' | 'pollCount'>
  readonly #maxPollIntervalMs: number
  #pollCount: number
  #progressAt = performance.now()

  constructor(host: Pick<GroupHost, 'activity' | 'pollCount'>, maxPollIntervalMs: number) {
    this.#host = host
    this.#maxPollIntervalMs = maxPollIntervalMs
    this.#pollCount = host.pollCount
  }

  /** Milliseconds until the loop may be overdue. */
  get remainingMs(): number {
    return Math.max(1, this.#progressAt + this.#maxPollIntervalMs - performance.now())
  }

  /** Whether the loop has taken too long, and the member must give its partitions up. `isExcused`: it could not ask for anything. */
  check(isExcused: boolean): boolean {
    const { pollCount, activity } = this.#host
    if (pollCount !== this.#pollCount || activity === 'waiting' || isExcused) {
      this.#pollCount = pollCount
      this.#progressAt = performance.now()
    }
    return performance.now() - this.#progressAt >= this.#maxPollIntervalMs
  }
}
