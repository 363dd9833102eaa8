/** Longest delay that a timer can have; longer ones would fire at once. */
const MAX_DELAY_MS = 0x7fffffff

/** Timers by key. One that is set again starts over. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>()

  set(key: string, delayMs: number, run: () => void): void {
    this.clear(key)
    const timer = setTimeout(
      () => {
        this.#timers.delete(key)
        run()
      },
      Math.min(Math.max(delayMs, 0), MAX_DELAY_MS),
    )
    this.#timers.set(key, timer)
  }

  clear(key: string): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
  }

  clearAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
