import type { ProducerBatch } from './batch.ts'

/** The batches of one partition, and where its sequence numbers stand. It lives as long as the producer: a topic that metadata lose for a while goes on where it was. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** To be sent, first to last; those that are sent again come first, and only the last may take records. */
  readonly batches: ProducerBatch[] = noBatches()
  /** Carried by requests just now, first to last. */
  readonly inFlight: ProducerBatch[] = noBatches()
  /** Size of the last full batch, so that the next can be given its memory at once. */
  typicalBytes = 512

  /** Producer id and epoch that the sequences below count under. */
  producerId = -1n
  producerEpoch = -1
  /** What the next new batch begins with. */
  nextSequence = 0
  /** Last sequence that the broker is known to have stored; -1 for none. */
  lastAckedSequence = -1
  lastAckedOffset = -1
  /** Order that the next new batch gets. */
  nextOrder = 0
  /** A batch was given up on that the broker may have stored: nothing new goes out until that is settled. */
  isUnresolved = false
  /**
   * Batches from this order on cannot keep their numbers: they get new ones under another epoch once no request is under way and
   * those before them are settled under the old. Infinity when all is well.
   */
  restartFrom: number = Infinity
  /** Retention took what the broker knew of a transactional producer: its numbers begin anew under the same epoch. */
  isForgotten = false

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** Puts a batch back among those to be sent, in the place that its number gives it. */
  putBack(batch: ProducerBatch): void {
    const { batches } = this
    let at = 0
    if (batch.order >= 0)
      while (at < batches.length && batches[at]!.order >= 0 && batches[at]!.order < batch.order) at++
    batches.splice(at, 0, batch)
  }

  /** All batches that are not settled, in order. */
  all(): ProducerBatch[] {
    return [...this.inFlight, ...this.batches]
  }
}

/** What `[]` makes is of a kind for small integers until something else is put in, and each first batch of a partition would undo the code that was optimized for the others. */
function noBatches(): ProducerBatch[] {
  return ([undefined] as unknown as ProducerBatch[]).slice(1)
}
