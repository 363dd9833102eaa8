import type { Consumer } from '../../src/consumer/consumer.ts'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import { Kafka } from '../../src/kafka.ts'

/** What a member does: copies one topic to another, as one of a group. */
export interface MemberPlan {
  readonly bootstrapServers: string
  readonly from: string
  readonly to: string
  readonly options: ConsumerOptions
}

/** What is told of a member. */
export interface MemberEvents {
  /** So many records were copied. */
  readonly onCopied: (count: number) => void
  /** The member failed, without having been told to end. */
  readonly onFailure: (error: unknown) => void
  /** A rebalance gave it partitions. */
  readonly onAssigned: () => void
  /** The group went on without it. */
  readonly onLost: () => void
}

/** A member of a group of the chain. */
export class Member {
  readonly instanceId: string | undefined
  readonly #consumer: Consumer
  readonly #producer: ReturnType<Kafka['producer']>
  readonly #running: Promise<void>
  #isEnding = false

  constructor(
    { bootstrapServers, from, to, options }: MemberPlan,
    { onCopied, onFailure, onAssigned, onLost }: MemberEvents,
  ) {
    const kafka = new Kafka({ bootstrapServers })
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
}
