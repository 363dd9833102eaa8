import type { Cluster } from '../network/cluster.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { initProducerIdApi } from '../protocol/messages/22-init-producer-id.ts'

const MAX_EPOCH = 0x7fff

/** The producer id and epoch under which an idempotent producer numbers its batches (KIP-98). */
export class ProducerIdSource {
  readonly isTransactional = false
  readonly #cluster: Cluster
  readonly #timeoutMs: number
  #producerId = -1n
  #producerEpoch = -1
  #pending: Promise<void> | undefined

  constructor(cluster: Cluster, timeoutMs: number) {
    this.#cluster = cluster
    this.#timeoutMs = timeoutMs
  }

  get isReady(): boolean {
    return this.#producerId >= 0n
  }

  get producerId(): bigint {
    return this.#producerId
  }

  get producerEpoch(): number {
    return this.#producerEpoch
  }

  /** Asks a broker for an id. One request at a time: calls during it share its outcome. */
  obtain(): Promise<void> {
    this.#pending ??= this.#init().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #init(): Promise<void> {
    const body = { transactionalId: null, transactionTimeoutMs: 0x7fffffff }
    const response = await this.#cluster.request(initProducerIdApi, body, { timeoutMs: this.#timeoutMs })
    if (response.errorCode !== ERROR.NONE) throw brokerError(response.errorCode, { api: 'InitProducerId' })
    this.#producerId = response.producerId
    this.#producerEpoch = response.producerEpoch
  }

  /**
   * Moves on to a new epoch after trouble with a batch, so that sequences restart at 0 and the broker takes them.
   * Without a transactional id the producer may raise the epoch itself (KIP-360). Does nothing when the trouble is with an
   * older epoch, which was left for the same reason.
   */
  bumpEpoch({ producerId, producerEpoch }: { producerId: bigint; producerEpoch: number }): void {
    if (producerId !== this.#producerId || producerEpoch !== this.#producerEpoch) return
    if (producerEpoch < MAX_EPOCH) this.#producerEpoch++
    else this.#producerId = -1n
  }
}
