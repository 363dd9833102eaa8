import { ERROR, brokerError } from '../protocol/error-codes.ts'
import {
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from '../protocol/messages/10-find-coordinator.ts'
import type { Encodable } from '../protocol/schema.ts'
import type { Broker, BrokerAddress } from './broker.ts'

/** What a coordinator coordinates: the members of a group, or the transactions of a transactional id. */
export type CoordinatorKind = 'group' | 'transaction'

const KEY_TYPES: Readonly<Record<CoordinatorKind, number>> = { group: 0, transaction: 1 }

/** What Coordinators needs of the cluster. */
export interface CoordinatorsOptions {
  /** Asks any broker. */
  ask: (body: (version: number) => Encodable<FindCoordinatorRequest>) => Promise<FindCoordinatorResponse>
  broker: (nodeId: number) => Broker | undefined
  /** A response named a broker that may not be known yet. */
  addBroker: (address: BrokerAddress) => void
}

/** Which broker coordinates what, found out when first asked and kept until forgotten. */
export class Coordinators {
  readonly #options: CoordinatorsOptions
  readonly #nodeIds = new Map<string, number>()
  /** Lookups that are under way, by what they look up. */
  readonly #lookups = new Map<string, Promise<void>>()

  constructor(options: CoordinatorsOptions) {
    this.#options = options
  }

  /** The coordinator as far as it is known, and its broker is. */
  get(kind: CoordinatorKind, key: string): Broker | undefined {
    const nodeId = this.#nodeIds.get(`${kind}:${key}`)
    return nodeId === undefined ? undefined : this.#options.broker(nodeId)
  }

  forget(kind: CoordinatorKind, key: string): void {
    this.#nodeIds.delete(`${kind}:${key}`)
  }

  /**
   * Looks coordinators up, with one request where the broker takes several keys (version 4, KIP-699). Rejects with the
   * BrokerError of the first key that has no coordinator, once all have been asked for.
   */
  lookUp(kind: CoordinatorKind, keys: readonly string[]): Promise<void> {
    const name = `${kind}:${keys.join('\0')}`
    const running = this.#lookups.get(name)
    if (running !== undefined) return running
    const lookup = this.#lookUp(kind, keys).finally(() => this.#lookups.delete(name))
    this.#lookups.set(name, lookup)
    return lookup
  }

  async #lookUp(kind: CoordinatorKind, keys: readonly string[]): Promise<void> {
    const left = new Set(keys)
    let failure: Error | undefined
    while (left.size > 0) {
      const asked = [...left]
      const response = await this.#options.ask((version) => bodyOf(kind, asked, version))
      const results = response.coordinators.length > 0 ? response.coordinators : [{ ...response, key: asked[0]! }]
      let isAnswered = false
      for (const { key, errorCode, nodeId, host, port } of results) {
        if (!left.delete(key)) continue
        isAnswered = true
        if (errorCode === ERROR.NONE) {
          this.#options.addBroker({ nodeId, host, port, rack: null })
          this.#nodeIds.set(`${kind}:${key}`, nodeId)
        } else {
          const error = brokerError(errorCode, { api: findCoordinatorApi.name })
          // One that stays is more worth knowing than one that passes.
          if (failure === undefined || !error.retriable) failure = error
        }
      }
      if (!isAnswered) throw brokerError(ERROR.COORDINATOR_NOT_AVAILABLE, { api: findCoordinatorApi.name })
    }
    if (failure !== undefined) throw failure
  }
}

function bodyOf(kind: CoordinatorKind, keys: readonly string[], version: number): Encodable<FindCoordinatorRequest> {
  const keyType = KEY_TYPES[kind]
  return version >= 4 ? { keyType, coordinatorKeys: keys } : { keyType, key: keys[0]! }
}
