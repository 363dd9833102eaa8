/** How far the estimate follows a batch that compressed worse, and one that compressed better (Java: CompressionRatioEstimator). */
const WORSENING_STEP = 0.05
const IMPROVING_STEP = 0.005
/** Allowance for the next batch being worse than the estimate (Java: COMPRESSION_RATE_ESTIMATION_FACTOR). */
const SAFETY_FACTOR = 1.05
/** A batch never takes more than so many times its size in memory, however well the records before compressed. */
const MAX_EXPANSION = 16
/** Nor more than this, which is the default of maxRequestSizeBytes. */
const MAX_RAW_BYTES = 1024 * 1024

/** Estimates, for each topic, what part of a batch compression leaves, so that compressed batches come out as large as asked for. */
export class CompressionRatios {
  readonly #ratios = new Map<string, number>()

  /** Part that is expected to be left of the records of a topic: 1 until something is known. */
  ratio(topic: string): number {
    return this.#ratios.get(topic) ?? 1
  }

  /** Learns from a batch: up at once when it compressed worse by more than a step, down slowly. */
  learn(topic: string, observed: number): void {
    const current = this.ratio(topic)
    const next =
      observed > current ? Math.max(current + WORSENING_STEP, observed) : Math.max(current - IMPROVING_STEP, observed)
    this.#ratios.set(topic, next)
  }

  /** After the broker refused a batch as too large: nothing is taken for granted any more. */
  reset(topic: string, observed: number): void {
    this.#ratios.set(topic, Math.max(1, observed))
  }

  /** Bytes of records before compression that should make a batch of `batchSizeBytes`. */
  rawLimitBytes(topic: string, batchSizeBytes: number): number {
    const expected = Math.floor(batchSizeBytes / (this.ratio(topic) * SAFETY_FACTOR))
    return Math.min(Math.max(expected, 1), batchSizeBytes * MAX_EXPANSION, MAX_RAW_BYTES)
  }
}
