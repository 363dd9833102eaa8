/** Wakes whoever waits for a change. A waiter notes `count` before it looks, so that no change between looking and waiting is missed. */
export class Wakeup {
  #count = 0
  #promise: Promise<void> | undefined
  #resolve: (() => void) | undefined

  /** Changes so far. */
  get count(): number {
    return this.#count
  }

  /** Something changed. */
  wake(): void {
    this.#count++
    this.#resolve?.()
    this.#promise = undefined
    this.#resolve = undefined
  }

  /** Resolves at the first change after the one that `count` counted. */
  after(count: number): Promise<void> {
    if (count !== this.#count) return Promise.resolve()
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#promise
  }
}
