import type { Assignment } from './assignment.ts'
import type { StalledEvent, WaitsFor } from './hooks.ts'
import type { PartitionState } from './partition-state.ts'

/** What the watch needs of its consumer. */
export interface StallHost {
  readonly assignment: Assignment
  /** Who wants to know; looked up each time. Undefined when nobody does. */
  readonly onStalled: ((event: StalledEvent) => void) | undefined
  /** What the partition waits for, if it does. */
  waitsFor(state: PartitionState): WaitsFor
}

/** Where a partition was when it was last seen to move, on the clock of performance.now(). */
interface Mark {
  readonly offset: number | undefined
  readonly since: number
  /** When it was last told of. */
  toldAt: number
}

/** How often the watch looks, as a part of the time that a stall takes to be one. */
const LOOKS_PER_TIMEOUT = 4

/** Looks now and then whether partitions move that have something to move on to. */
export class StallWatch {
  readonly #host: StallHost
  readonly #timeoutMs: number
  readonly #isolation: 'read_uncommitted' | 'read_committed'
  readonly #groupId: string | undefined
  #marks = new Map<PartitionState, Mark>()
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(
    host: StallHost,
    settings: {
      readonly groupId: string | undefined
      readonly stallTimeoutMs: number
      readonly isolationLevel: 'read_uncommitted' | 'read_committed'
    },
  ) {
    this.#host = host
    this.#groupId = settings.groupId
    this.#timeoutMs = settings.stallTimeoutMs
    this.#isolation = settings.isolationLevel
  }

  /** Looks from now on. The timer does not keep the process alive, where the runtime has it so. */
  start(): void {
    if (this.#timer !== undefined || this.#timeoutMs === 0) return
    this.#timer = setInterval(() => this.look(performance.now()), Math.max(1, this.#timeoutMs / LOOKS_PER_TIMEOUT))
    ;(this.#timer as { unref?(): void }).unref?.()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#marks.clear()
  }

  /** Tells of each partition that has not moved for so long, and again after as long. */
  look(now: number): void {
    const { onStalled, assignment } = this.#host
    if (onStalled === undefined) {
      this.#marks.clear()
      return
    }
    const marks = new Map<PartitionState, Mark>()
    for (const state of assignment.states) {
      const { topic, partition, position, lastError } = state
      // A record in hand is not behind the loop yet.
      const offset = state.heldFrom >= 0 ? state.heldFrom : position
      const known = this.#marks.get(state)
      const isMoving = known?.offset !== offset || state.isPaused || this.#isAtEnd(state, now)
      const mark = known === undefined || isMoving ? { offset, since: now, toldAt: now } : known
      marks.set(state, mark)
      if (now - mark.toldAt < this.#timeoutMs) continue
      mark.toldAt = now
      const lag = state.lag(this.#isolation)
      const waitsFor = this.#host.waitsFor(state)
      const at = { groupId: this.#groupId, topic, partition, position, lag }
      onStalled({ ...at, stalledMs: now - mark.since, waitsFor, lastError })
    }
    this.#marks = marks
  }

  /** Whether there is nothing to read, as a broker has said within the time. */
  #isAtEnd(state: PartitionState, now: number): boolean {
    return state.heldFrom < 0 && state.lag(this.#isolation) === 0 && now - state.heardAt < this.#timeoutMs
  }
}
