import { ERROR } from '../../protocol/error-codes.ts'
import { encodeEndTransactionMarker } from '../../protocol/records/control-record.ts'
import { PartitionLog } from './partition-log.ts'
import { PartitionTransactions } from './partition-transactions.ts'
import { ProducerStates } from './producer-states.ts'
import type { Topic } from './topics.ts'
import type { ProducerIdentity, TransactionParticipant } from './transaction-entry.ts'

/**
 * One partition: its log, who leads it, and who waits for it to change. The log is shared by all replicas, which so are
 * always in sync.
 */
export class Partition implements TransactionParticipant {
  readonly topic: Topic
  readonly index: number
  readonly log: PartitionLog = new PartitionLog()
  readonly producers: ProducerStates = new ProducerStates()
  readonly transactions: PartitionTransactions = new PartitionTransactions()
  /** Node ids, the preferred leader first. */
  replicas: readonly number[]
  /** Node ids of the replicas whose node is up. */
  isr: readonly number[] = []
  /** Node id; -1 while no replica is up. */
  leaderId = -1
  /** Rises with each change of leader. */
  leaderEpoch = -1
  isDeleted = false
  readonly #listeners = new Set<() => void>()

  constructor(topic: Topic, index: number, replicas: readonly number[], liveNodes: ReadonlySet<number>) {
    this.topic = topic
    this.index = index
    this.replicas = replicas
    this.elect(liveNodes)
  }

  /** Offset up to which `read_committed` consumers may read. */
  get lastStableOffset(): number {
    return this.transactions.firstOpenOffset ?? this.log.endOffset
  }

  /** Writes the marker that ends a transaction here. */
  endTransaction({ producerId, producerEpoch }: ProducerIdentity, committed: boolean): void {
    const { leaderEpoch } = this
    const baseOffset = this.log.endOffset
    const timestamp = Date.now()
    const type = committed ? 'commit' : 'abort'
    const coordinatorEpoch = 0
    const partitionLeaderEpoch = leaderEpoch
    const at = { timestamp, baseOffset, partitionLeaderEpoch }
    const bytes = encodeEndTransactionMarker({ type, producerId, producerEpoch, coordinatorEpoch, ...at })
    this.log.append({ bytes, baseOffset, lastOffset: baseOffset, maxTimestamp: timestamp, leaderEpoch })
    this.producers.noteMarker(producerId, producerEpoch)
    this.transactions.end(producerId, baseOffset, committed)
    this.changed()
  }

  /** Calls `listener` after each append, change of leader or deletion. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells the listeners. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Follows nodes that went up or down: a leader that is down is replaced by the first replica that is up. */
  elect(liveNodes: ReadonlySet<number>): void {
    this.isr = this.replicas.filter((id) => liveNodes.has(id))
    if (!this.isr.includes(this.leaderId)) this.#lead(this.isr[0] ?? -1)
  }

  /** Makes a node lead, as a new replica if it is none yet. */
  moveLeader(nodeId: number, liveNodes: ReadonlySet<number>): void {
    if (!this.replicas.includes(nodeId)) this.replicas = [nodeId, ...this.replicas]
    this.isr = this.replicas.filter((id) => liveNodes.has(id))
    this.#lead(nodeId)
  }

  /** Loses what is behind an offset, as when a replica leads that was not in sync. */
  truncate(offset: number): void {
    this.log.truncate(offset)
    this.#beginEpoch()
  }

  #lead(nodeId: number): void {
    if (nodeId === this.leaderId) return
    this.leaderId = nodeId
    this.#beginEpoch()
  }

  #beginEpoch(): void {
    this.leaderEpoch++
    this.log.beginEpoch(this.leaderEpoch)
    this.changed()
  }

  delete(): void {
    this.isDeleted = true
    this.changed()
  }

  /**
   * The error code for a client that asks node `nodeId`, in the belief that the leader epoch is `epoch` (-1:
   * whichever); 0 when it may (Java: Partition.getLocalLog, KIP-320).
   * @param mayFollow - whether a replica that does not lead will do (KIP-392).
   */
  accessError(nodeId: number, epoch: number, mayFollow = false): number {
    if (this.isDeleted) return ERROR.UNKNOWN_TOPIC_OR_PARTITION
    const isReplica = this.replicas.includes(nodeId)
    if (isReplica && epoch >= 0) {
      if (epoch < this.leaderEpoch) return ERROR.FENCED_LEADER_EPOCH
      if (epoch > this.leaderEpoch) return ERROR.UNKNOWN_LEADER_EPOCH
    }
    return this.leaderId === nodeId || (mayFollow && isReplica) ? ERROR.NONE : ERROR.NOT_LEADER_OR_FOLLOWER
  }
}
