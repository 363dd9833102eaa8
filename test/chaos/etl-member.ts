import type { Consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import { Kafka } from '../../src/kafka.ts'
import { type SeverableNetwork, severableNetwork } from './severable-network.ts'

/** What a member does: copies one topic to another, as one of a group. */
export interface MemberPlan {
  readonly bootstrapServers: string
  readonly from: string
  readonly to: string
  readonly options: ConsumerOptions
  /** So many records were copied. */
  readonly onCopied: (count: number) => void
  /** The member failed, without having been told to end. */
  readonly onFailure: (error: unknown) => void
  /** A rebalance gave it partitions. */
  readonly onAssigned: () => void
  /** The group went on without it. */
  readonly onLost: () => void
}

/** A process of a chain, but for that it shares this one: its network is its own. */
export class Member {
  readonly instanceId: string | undefined
  readonly #network: SeverableNetwork = severableNetwork()
  readonly #consumer: Consumer
  readonly #producer: ReturnType<Kafka['producer']>
  readonly #running: Promise<void>
  #isEnding = false

  constructor({ bootstrapServers, from, to, options, onCopied, onFailure, onAssigned, onLost }: MemberPlan) {
    const kafka = new Kafka({ bootstrapServers, transport: this.#network.transport })
    this.instanceId = options.groupInstanceId
    const producer = kafka.producer()
    this.#producer = producer
    this.#consumer = kafka.consumer({
      ...options,
      topics: [from],
      autoOffsetReset: 'earliest',
      onAssigned,
      onLost: () => {
        if (!this.#isEnding) onLost()
      },
    })
    this.#running = this.#consumer
      .run({
        concurrency: 6,
        eachBatch: async ({ records }) => {
          // The value says where a record came from, so that each copy can be told from any other.
          await producer.sendMany(records.map(({ key, offset }) => ({ topic: to, key: key!, value: `${offset}` })))
          onCopied(records.length)
        },
      })
      .catch((error: unknown) => {
        if (!this.#isEnding) onFailure(error)
      })
  }

  /** Ends in good order: what it has in hand is copied and committed. */
  async leave(): Promise<void> {
    this.#isEnding = true
    await this.#consumer.close()
    await this.#running
    await this.#producer.close()
  }

  /** Dies: whatever it had in hand, or had not committed, is left to others. */
  async kill(): Promise<void> {
    this.#isEnding = true
    this.#network.sever()
    await Promise.allSettled([this.#producer.close({ timeoutMs: 0 }), this.#consumer.close({ timeoutMs: 0 })])
    await this.#running
  }
}
