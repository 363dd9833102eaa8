interface Use {
  /** Since the last call of `retain`: cheaper to note at each use than the time. */
  isFresh: boolean
  /** The last call of `retain` before which it was used, on the clock of performance.now(). */
  lastAt: number
}

/** The topics that somebody asked for lately, whose metadata is kept up to date. */
export class TopicsInUse {
  readonly #idleMs: number
  readonly #uses = new Map<string, Use>()

  /** @param idleMs - a topic that was not used for so long is no longer in use. */
  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  has(name: string): boolean {
    return this.#uses.has(name)
  }

  /** Notes a use; the topic is in use from now on. */
  add(name: string): void {
    if (!this.touch(name)) this.#uses.set(name, { isFresh: true, lastAt: 0 })
  }

  /** Notes a use of a topic that is in use; false, and nothing happens, when it is not. */
  touch(name: string): boolean {
    const use = this.#uses.get(name)
    if (use === undefined) return false
    use.isFresh = true
    return true
  }

  delete(name: string): void {
    this.#uses.delete(name)
  }

  /** Drops the topics that were not used in a while and returns the others. */
  retain(): string[] {
    const now = performance.now()
    for (const [name, use] of this.#uses) {
      if (use.isFresh) use.lastAt = now
      use.isFresh = false
      if (use.lastAt < now - this.#idleMs) this.#uses.delete(name)
    }
    return [...this.#uses.keys()]
  }
}
