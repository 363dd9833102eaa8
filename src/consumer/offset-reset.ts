/** `by_duration:` and a duration as ISO 8601 writes it, such as `by_duration:PT1H` or `by_duration:P1DT12H` (KIP-1106). */
export type DurationReset = `by_duration:${string}`

/** Where to start in a partition without a committed offset, or whose offset is gone; `none` throws instead. */
export type AutoOffsetReset = 'latest' | 'earliest' | 'none' | DurationReset

const BY_DURATION = /^by_duration:P(?=\d|T\d)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$/i

/** Milliseconds that a reset by duration goes back; undefined for a text that is none. */
export function resetDurationMs(policy: string): number | undefined {
  const parts = BY_DURATION.exec(policy)
  if (parts === null) return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0))
  return Math.floor((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000)
}

/** What the policy comes to now: an end of the log, or the first record at or after a time in milliseconds since 1970. */
export function resetTarget(policy: Exclude<AutoOffsetReset, 'none'>): 'latest' | 'earliest' | number {
  if (policy === 'latest' || policy === 'earliest') return policy
  return Math.max(0, Date.now() - (resetDurationMs(policy) ?? 0))
}
