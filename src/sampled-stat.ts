/** Java's metrics.sample.window.ms and metrics.num.samples. */
const WINDOW_MS = 30_000

/** One window of values. */
interface Sample {
  count: number
  sum: number
  max: number
}

const empty = (): Sample => ({ count: 0, sum: 0, max: 0 })

/**
 * Values of one kind: how many there ever were, and average and maximum over the last 30 to 60 seconds (Java: SampledStat with
 * two samples). Times are those of performance.now().
 */
export class SampledStat {
  #count = 0
  #total = 0
  #now: Sample = empty()
  #before: Sample = empty()
  #windowEndsAt = 0

  /** How many values there ever were. */
  get count(): number {
    return this.#count
  }

  /** Their sum. */
  get total(): number {
    return this.#total
  }

  add(value: number, now: number): void {
    this.#roll(now)
    this.#count++
    this.#total += value
    this.#now.count++
    this.#now.sum += value
    if (value > this.#now.max) this.#now.max = value
  }

  /** 0 when there were none of late. */
  average(now: number): number {
    this.#roll(now)
    const count = this.#now.count + this.#before.count
    return count === 0 ? 0 : (this.#now.sum + this.#before.sum) / count
  }

  /** 0 when there were none of late. */
  max(now: number): number {
    this.#roll(now)
    return Math.max(this.#now.max, this.#before.max)
  }

  #roll(now: number): void {
    if (now < this.#windowEndsAt) return
    this.#before = now < this.#windowEndsAt + WINDOW_MS ? this.#now : empty()
    this.#now = empty()
    this.#windowEndsAt = now + WINDOW_MS
  }
}
