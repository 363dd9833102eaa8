import { ConfigError, type VersionRange } from '../errors.ts'
import { apiKeys, type ApiName } from '../protocol/api-keys.ts'
import type { ErasedApi } from './handler.ts'
import { handlers } from './handlers/all.ts'

/** Versions to offer by API; null for an API that is not to be offered at all. */
export type ApiVersionCaps = { readonly [K in ApiName]?: VersionRange | null }

/** One API with the versions that this broker offers and serves. */
export interface OfferedApi {
  readonly erased: ErasedApi
  /** What ApiVersions tells. */
  readonly advertised: VersionRange
}

/** The APIs that a broker offers: those with a handler, capped as asked for, and those that a control answers. */
export class OfferedApis {
  readonly #offered = new Map<number, OfferedApi>()
  /** APIs that only controls answer, with the number of those controls. */
  readonly #controlled = new Map<number, { offered: OfferedApi; controls: number }>()

  /** Throws ConfigError for a cap that names no API of this broker or leaves it no version. */
  constructor(caps: ApiVersionCaps = {}) {
    for (const erased of handlers) {
      this.#offered.set(erased.api.key, { erased, advertised: erased.advertised })
    }
    for (const [name, cap] of Object.entries(caps)) this.#cap(name, cap)
  }

  #cap(name: string, cap: VersionRange | null | undefined): void {
    if (cap === undefined) return
    const key = Object.hasOwn(apiKeys, name) ? apiKeys[name as ApiName] : -1
    const offered = this.#offered.get(key)
    if (offered === undefined) {
      const names = [...this.#offered.values()].map(({ erased }) => erased.api.name)
      throw new ConfigError('apiVersions', `apiVersions names ${name}, and TestBroker serves only ${names.join(', ')}`)
    }
    if (cap === null) {
      this.#offered.delete(key)
      return
    }
    const { min, max } = offered.erased.api.request.versions
    if (!(cap.min <= cap.max && cap.min <= max && cap.max >= min)) {
      const asked = `${cap.min} to ${cap.max}`
      throw new ConfigError('apiVersions', `apiVersions.${name} asks for ${asked}, and versions ${min} to ${max} exist`)
    }
    this.#offered.set(key, { erased: offered.erased, advertised: { min: cap.min, max: Math.min(cap.max, max) } })
  }

  get(apiKey: number): OfferedApi | undefined {
    return this.#offered.get(apiKey) ?? this.#controlled.get(apiKey)?.offered
  }

  /** In the order of their keys. */
  all(): OfferedApi[] {
    const controlled = [...this.#controlled.values()].map(({ offered }) => offered)
    return [...this.#offered.values(), ...controlled].toSorted((a, b) => a.erased.api.key - b.erased.api.key)
  }

  /** Whether an offered API can be asked in this version. */
  serves({ erased, advertised }: OfferedApi, version: number): boolean {
    const { min, max } = erased.api.request.versions
    return version >= Math.max(advertised.min, min) && version <= Math.min(advertised.max, max)
  }

  /** Offers an API that has no handler while a control answers it. Returns what ends that. */
  addControlled(erased: ErasedApi): () => void {
    const { key } = erased.api
    if (this.#offered.has(key)) return () => {}
    const entry = this.#controlled.get(key) ?? { offered: { erased, advertised: erased.advertised }, controls: 0 }
    entry.controls++
    this.#controlled.set(key, entry)
    return () => {
      if (--entry.controls === 0) this.#controlled.delete(key)
    }
  }
}
