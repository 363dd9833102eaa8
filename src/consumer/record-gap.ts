import type { GroupHost } from './membership.ts'

/** The time between two records of the loop, in which partitions can go without one of their records being in its hand. */
export class RecordGap {
  readonly #host: Pick<GroupHost, 'activity' | 'changed'>
  #runningCount = 0
  #isClosed = false
  #waiting: (() => void)[] = []

  constructor(host: Pick<GroupHost, 'activity' | 'changed'>) {
    this.#host = host
  }

  /** Whether no record may be handed out, as something waits for the gap or runs in it. */
  get isHalted(): boolean {
    return this.#runningCount > 0
  }

  /** Whether something waits for the loop to be done with the record in its hand. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /** Runs `run` between two records, with none handed out until it is done. */
  async run<T>(run: () => Promise<T>): Promise<T> {
    this.#runningCount++
    this.#host.changed()
    try {
      const { activity } = this.#host
      if (activity === 'handling' || activity === 'leaving') await this.#reached()
      return await run()
    } finally {
      this.#runningCount--
      this.#host.changed()
    }
  }

  /** The loop has nothing in its hand. */
  open(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Nothing waits for the loop from now on. */
  close(): void {
    this.#isClosed = true
    this.open()
  }

  #reached(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
