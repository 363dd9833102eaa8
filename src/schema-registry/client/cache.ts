import { SchemaRegistryError } from '../errors.ts'

interface Entry<V> {
  value: V
  expiresAtMs: number
}

/** What a cache keeps, and for how long. */
export interface CacheLimits {
  maxEntries: number
  ttlMs: number
  /** How long an answer of "not there" is kept; 0 for not at all. */
  missingTtlMs: number
}

/** Answers by key. Several that ask for the same key wait for one request; the entries used least recently make room. */
export class AnswerCache<V> {
  readonly #limits: CacheLimits
  readonly #entries = new Map<string, Entry<V>>()
  readonly #missing = new Map<string, Entry<SchemaRegistryError>>()
  readonly #inFlight = new Map<string, Promise<V>>()

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  /** The answer if it is known. */
  peek(key: string): V | undefined {
    return touch(this.#entries, key)
  }

  /** The answer, by `load` if it is not known. Rejects at once while it is known that there is none. */
  get(key: string, load: () => Promise<V>): Promise<V> {
    const known = this.peek(key)
    if (known !== undefined) return Promise.resolve(known)
    const missing = touch(this.#missing, key)
    if (missing !== undefined) return Promise.reject(missing)
    let loading = this.#inFlight.get(key)
    if (loading === undefined) {
      loading = this.#load(key, load)
      this.#inFlight.set(key, loading)
    }
    return loading
  }

  set(key: string, value: V): void {
    this.#missing.delete(key)
    this.#put(this.#entries, key, value, this.#limits.ttlMs)
  }

  /** Forgets what has a key that begins so, and what is on its way for such: it may be old. */
  forget(prefix = ''): void {
    for (const map of [this.#entries, this.#missing, this.#inFlight]) {
      for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key)
    }
  }

  async #load(key: string, load: () => Promise<V>): Promise<V> {
    // Begun in a later turn, so that the entry of #inFlight is there before anything can fail.
    await Promise.resolve()
    const loading = this.#inFlight.get(key)
    const isCurrent = (): boolean => this.#inFlight.get(key) === loading
    try {
      const value = await load()
      if (isCurrent()) this.set(key, value)
      return value
    } catch (error) {
      const { missingTtlMs } = this.#limits
      if (missingTtlMs > 0 && isCurrent() && error instanceof SchemaRegistryError && error.status === 404) {
        this.#put(this.#missing, key, error, missingTtlMs)
      }
      throw error
    } finally {
      if (isCurrent()) this.#inFlight.delete(key)
    }
  }

  #put<E>(map: Map<string, Entry<E>>, key: string, value: E, ttlMs: number): void {
    map.delete(key)
    if (map.size >= this.#limits.maxEntries) {
      const [oldest] = map.keys()
      map.delete(oldest!)
    }
    map.set(key, { value, expiresAtMs: performance.now() + ttlMs })
  }
}

/** The entry's value while it lasts; it becomes the one used last. */
function touch<E>(map: Map<string, Entry<E>>, key: string): E | undefined {
  const entry = map.get(key)
  if (entry === undefined) return undefined
  map.delete(key)
  if (performance.now() >= entry.expiresAtMs) return undefined
  map.set(key, entry)
  return entry.value
}
