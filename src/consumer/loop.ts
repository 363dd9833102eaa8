import type { Wakeup } from './wakeup.ts'

/** What a loop needs of its consumer. */
export interface LoopHost {
  /** Whether there is something to `attend` to before the next item. */
  readonly isInterrupted: boolean
  /** Whether items may be handed out now. */
  readonly mayDeliver: boolean
  /** Told of everything that may bring the loop on. */
  readonly wakeup: Wakeup
  /** The loop begins. Throws when another one has not ended, or the consumer is closed. */
  begin(loop: object): void
  /** The loop is over. */
  end(loop: object): void
  /** The loop asks for an item: the one in its hand, if any, has been handled. */
  onNext(): void
  /** The loop has nothing in hand, and will take what comes. */
  onWait(): void
  /** The loop got an item. */
  onItem(): void
  /** The item in the loop's hand was not handled: its body ended early. */
  onAbandon(): void
  /** Does what is due while nothing is in hand; false once the consumer is closed. Throws what was reported. */
  attend(): boolean
}

/** Where items come from: undefined when none is buffered. */
export type ItemSource<T> = () => T | Promise<T | undefined> | undefined

/**
 * One `for await` over a consumer. Asking for an item says that the one before has been handled; leaving the loop by `break`, `return` or
 * `throw` says that the last one has not. Ends when the consumer is closed.
 */
export class Loop<T> implements AsyncIterableIterator<T, undefined> {
  readonly #host: LoopHost
  readonly #take: ItemSource<T>
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#host.wakeup.wake()
  #state: 'new' | 'running' | 'returning' | 'done' = 'new'
  /** The last call of `next` that has not settled; later ones queue behind it. */
  #pending: Promise<IteratorResult<T, undefined>> | undefined

  constructor(host: LoopHost, take: ItemSource<T>, signal: AbortSignal | undefined) {
    this.#host = host
    this.#take = take
    this.#signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next item. Rejects with the signal's reason, or what the consumer has to report; the loop is over then. */
  next(): Promise<IteratorResult<T, undefined>> {
    const pending = this.#pending
    if (pending !== undefined) {
      const step = (): IteratorResult<T, undefined> | Promise<IteratorResult<T, undefined>> => this.#step()
      return this.#track(pending.then(step, step))
    }
    const result = this.#step()
    return result instanceof Promise ? this.#track(result) : Promise.resolve(result)
  }

  #step(): IteratorResult<T, undefined> | Promise<IteratorResult<T, undefined>> {
    if (this.#state !== 'running') return this.#start()
    const host = this.#host
    host.onNext()
    if (host.isInterrupted || this.#signal?.aborted === true) return this.#wait(undefined)
    let item: T | Promise<T | undefined> | undefined
    try {
      item = this.#take()
    } catch (error) {
      this.#end()
      return Promise.reject(error)
    }
    if (item === undefined || item instanceof Promise) return this.#wait(item as Promise<T | undefined> | undefined)
    return { done: false, value: item }
  }

  /** Ends the loop; called when its body is left early. */
  async return(): Promise<IteratorResult<T, undefined>> {
    if (this.#state === 'running') {
      this.#state = 'returning'
      this.#host.wakeup.wake()
      await this.#pending?.catch(ignore)
      this.#host.onAbandon()
      this.#end()
    }
    this.#state = 'done'
    return { done: true, value: undefined }
  }

  #start(): IteratorResult<T, undefined> | Promise<IteratorResult<T, undefined>> {
    if (this.#state !== 'new') return { done: true, value: undefined }
    try {
      this.#signal?.throwIfAborted()
      this.#host.begin(this)
    } catch (error) {
      this.#state = 'done'
      return Promise.reject(error)
    }
    this.#state = 'running'
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    return this.#wait(undefined)
  }

  async #wait(first: Promise<T | undefined> | undefined): Promise<IteratorResult<T, undefined>> {
    const host = this.#host
    let taken = first
    host.onWait()
    try {
      for (;;) {
        const { count } = host.wakeup
        let item: T | undefined
        if (taken === undefined) {
          this.#signal?.throwIfAborted()
          if (this.#state !== 'running' || !host.attend()) {
            this.#end()
            return { done: true, value: undefined }
          }
          const found = host.mayDeliver ? this.#take() : undefined
          // No detour over a promise that is not needed: in between, something might begin that the item should hold off.
          item = found instanceof Promise ? await found : found
        } else {
          item = await taken
          taken = undefined
        }
        if (item !== undefined) {
          host.onItem()
          return { done: false, value: item }
        }
        await host.wakeup.after(count)
      }
    } catch (error) {
      host.onAbandon()
      this.#end()
      throw error
    }
  }

  #end(): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#host.end(this)
  }

  /** Has later calls wait for this one. */
  #track(result: Promise<IteratorResult<T, undefined>>): Promise<IteratorResult<T, undefined>> {
    const settle = (): void => {
      if (this.#pending === result) this.#pending = undefined
    }
    this.#pending = result
    result.then(settle, settle)
    return result
  }
}

function ignore(): void {}
