/** Java's metrics.sample.window.ms and metrics.num.samples. */
const WINDOW_MS = 30_000

/** Numbers that are kept of each kind, and their places. */
const AT = { TOTAL: 0, SUM: 1, MAX: 2, SUM_BEFORE: 3, MAX_BEFORE: 4 } as const
const PLACES = 5

/**
 * Values of several kinds, one of each at a time: how many there ever were, and average and maximum over the last 30 to 60 seconds (Java: SampledStat
 * with two samples). All lie side by side, since whoever counts tends to come to them with cold caches. Times are those of performance.now().
 */
export class SampledStats {
  readonly #values: Float64Array
  #count = 0
  #countNow = 0
  #countBefore = 0
  #windowEndsAt = 0

  /** @param kinds - how many kinds there are: they are numbered from 0. */
  constructor(kinds: number) {
    this.#values = new Float64Array(kinds * PLACES)
  }

  /** How many values of each kind there ever were. */
  get count(): number {
    return this.#count
  }

  /** Begins the next values: one of each kind has to follow. */
  begin(now: number): void {
    if (now >= this.#windowEndsAt) this.#roll(now)
    this.#count++
    this.#countNow++
  }

  add(kind: number, value: number): void {
    const values = this.#values
    const at = kind * PLACES
    values[at + AT.TOTAL]! += value
    values[at + AT.SUM]! += value
    values[at + AT.MAX] = Math.max(values[at + AT.MAX]!, value)
  }

  /** The sum of all that there ever were. */
  total(kind: number): number {
    return this.#values[kind * PLACES + AT.TOTAL]!
  }

  /** 0 when there were none of late. */
  average(kind: number, now: number): number {
    if (now >= this.#windowEndsAt) this.#roll(now)
    const count = this.#countNow + this.#countBefore
    const at = kind * PLACES
    return count === 0 ? 0 : (this.#values[at + AT.SUM]! + this.#values[at + AT.SUM_BEFORE]!) / count
  }

  /** 0 when there were none of late. */
  max(kind: number, now: number): number {
    if (now >= this.#windowEndsAt) this.#roll(now)
    const at = kind * PLACES
    return Math.max(this.#values[at + AT.MAX]!, this.#values[at + AT.MAX_BEFORE]!)
  }

  #roll(now: number): void {
    const values = this.#values
    const isRecent = now < this.#windowEndsAt + WINDOW_MS
    for (let at = 0; at < values.length; at += PLACES) {
      values[at + AT.SUM_BEFORE] = isRecent ? values[at + AT.SUM]! : 0
      values[at + AT.MAX_BEFORE] = isRecent ? values[at + AT.MAX]! : 0
      values[at + AT.SUM] = 0
      values[at + AT.MAX] = 0
    }
    this.#countBefore = isRecent ? this.#countNow : 0
    this.#countNow = 0
    this.#windowEndsAt = now + WINDOW_MS
  }
}

/** Values of one kind, as those of SampledStats. */
export class SampledStat {
  readonly #stats = new SampledStats(1)

  /** How many values there ever were. */
  get count(): number {
    return this.#stats.count
  }

  /** Their sum. */
  get total(): number {
    return this.#stats.total(0)
  }

  add(value: number, now: number): void {
    this.#stats.begin(now)
    this.#stats.add(0, value)
  }

  /** 0 when there were none of late. */
  average(now: number): number {
    return this.#stats.average(0, now)
  }

  /** 0 when there were none of late. */
  max(now: number): number {
    return this.#stats.max(0, now)
  }
}
