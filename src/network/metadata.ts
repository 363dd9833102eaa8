import { ZERO_UUID } from '../protocol/bytes/uuid.ts'
import { ERROR } from '../protocol/error-codes.ts'
import type { MetadataResponse, MetadataTopic } from '../protocol/messages/03-metadata.ts'

/** A topic as the cluster last described it. Never changed, only replaced: another object means that something is different. */
export interface TopicMetadata {
  name: string
  /** The zero UUID where brokers know no ids (before Metadata version 10). Another id under the same name is another topic. */
  topicId: string
  isInternal: boolean
  /** By partition number. */
  partitions: PartitionMetadata[]
}

/** A partition as the cluster last described it. */
export interface PartitionMetadata {
  partition: number
  /** Node id; -1 while there is no leader. */
  leaderId: number
  /** Rises with each change of leader; -1 when unknown. */
  leaderEpoch: number
  /** Node ids of all replicas, the preferred leader first. */
  replicas: number[]
  /** Node ids of the replicas in sync with the leader. */
  isr: number[]
  offlineReplicas: number[]
  /** LEADER_NOT_AVAILABLE, REPLICA_NOT_AVAILABLE, or 0. */
  errorCode: number
}

/** Before this version brokers could name an epoch older than the leader they named (KAFKA-9212). */
const RELIABLE_EPOCHS_FROM = 9
/** No topic has more partitions; a larger number is not worth its memory. */
const MAX_PARTITIONS = 1_000_000

interface Entry {
  /** What was known last, kept while the cluster denies the topic: an older epoch must not win when it comes back. */
  metadata: TopicMetadata | undefined
  /** Of the last response that named the topic; 0 when `metadata` is that response. */
  errorCode: number
}

/** What is known of topics, from Metadata responses and from the leader hints in other responses. */
export class MetadataCache {
  readonly #topics = new Map<string, Entry>()
  readonly #names = new Map<string, string>()
  #clusterId: string | null = null
  #controllerId = -1

  get clusterId(): string | null {
    return this.#clusterId
  }

  /** Node id; -1 when unknown. */
  get controllerId(): number {
    return this.#controllerId
  }

  get topicCount(): number {
    return this.#topics.size
  }

  /** Undefined while unknown, and when the cluster said last that the topic does not exist or is not ours to see. */
  topic(name: string): TopicMetadata | undefined {
    const entry = this.#topics.get(name)
    return entry?.errorCode === 0 ? entry.metadata : undefined
  }

  /** The topic that had this id last. */
  topicName(topicId: string): string | undefined {
    return this.#names.get(topicId)
  }

  /** What the last response that named the topic said; undefined before any did. */
  errorCode(name: string): number | undefined {
    return this.#topics.get(name)?.errorCode
  }

  /**
   * Takes a response in and returns the topics it describes without error. Keeps those that `isKept` says; `requested` names
   * those that were asked for, as a topic that is left out does not exist.
   */
  update(
    response: MetadataResponse,
    version: number,
    requested: Iterable<string>,
    isKept: (name: string) => boolean,
  ): { topics: Map<string, TopicMetadata>; isChanged: boolean } {
    // Not the controller: under KRaft each response names another broker for it.
    let isChanged = this.#clusterId !== response.clusterId
    this.#clusterId = response.clusterId
    this.#controllerId = response.controllerId
    const topics = new Map<string, TopicMetadata>()
    const left = new Set(requested)
    for (const topic of response.topics) {
      if (topic.name === null) continue
      left.delete(topic.name)
      if (topic.errorCode !== ERROR.NONE) {
        if (isKept(topic.name)) isChanged = this.#deny(topic.name, topic.errorCode) || isChanged
        continue
      }
      const previous = this.#topics.get(topic.name)
      const metadata = merge(previous?.metadata, topic, version)
      topics.set(topic.name, metadata)
      if (!isKept(topic.name)) continue
      if (previous?.errorCode !== 0 || previous.metadata !== metadata) {
        this.#set(topic.name, metadata)
        isChanged = true
      }
    }
    for (const name of left) isChanged = this.#deny(name, ERROR.UNKNOWN_TOPIC_OR_PARTITION) || isChanged
    return { topics, isChanged }
  }

  /** Takes a hint that came with another response (KIP-951); false, and nothing changes, unless it is newer than what is known. */
  applyLeader(name: string, partition: number, leaderId: number, leaderEpoch: number): boolean {
    const metadata = this.topic(name)
    const known = metadata?.partitions[partition]
    if (metadata === undefined || known === undefined || leaderId < 0 || leaderEpoch <= known.leaderEpoch) return false
    const partitions = [...metadata.partitions]
    partitions[partition] = { ...known, leaderId, leaderEpoch, errorCode: ERROR.NONE }
    this.#set(name, { ...metadata, partitions })
    return true
  }

  /** Drops all topics that are not in use any more. */
  retain(isKept: (name: string) => boolean): void {
    for (const [name, { metadata }] of this.#topics) {
      if (isKept(name)) continue
      this.#topics.delete(name)
      if (metadata !== undefined) this.#names.delete(metadata.topicId)
    }
  }

  #set(name: string, metadata: TopicMetadata): void {
    const previous = this.#topics.get(name)?.metadata
    if (previous !== undefined && previous.topicId !== metadata.topicId) this.#names.delete(previous.topicId)
    this.#topics.set(name, { metadata, errorCode: 0 })
    if (metadata.topicId !== ZERO_UUID) this.#names.set(metadata.topicId, name)
  }

  /** Notes an error; one that passes, such as an election, leaves what is known in place. */
  #deny(name: string, errorCode: number): boolean {
    const entry = this.#topics.get(name)
    const isPassing = errorCode === ERROR.LEADER_NOT_AVAILABLE && entry?.metadata !== undefined && entry.errorCode === 0
    if (isPassing || entry?.errorCode === errorCode) return false
    this.#topics.set(name, { metadata: entry?.metadata, errorCode })
    return true
  }
}

/** The described topic with older leader epochs replaced by what is known, and the known object itself when nothing differs. */
function merge(previous: TopicMetadata | undefined, topic: MetadataTopic, version: number): TopicMetadata {
  const isSameTopic =
    previous !== undefined &&
    (previous.topicId === topic.topicId || previous.topicId === ZERO_UUID || topic.topicId === ZERO_UUID)
  const partitions: PartitionMetadata[] = []
  for (const described of topic.partitions) {
    const partition = described.partitionIndex
    if (partition < 0 || partition >= MAX_PARTITIONS) continue
    const leaderEpoch = version >= RELIABLE_EPOCHS_FROM ? described.leaderEpoch : -1
    const known = isSameTopic ? previous.partitions[partition] : undefined
    // A broker that lags behind must not take a partition back to a leader that is no more (KIP-320).
    if (known !== undefined && leaderEpoch >= 0 && leaderEpoch < known.leaderEpoch) {
      partitions[partition] = known
      continue
    }
    const current: PartitionMetadata = {
      partition,
      leaderId: described.leaderId,
      leaderEpoch,
      replicas: described.replicaNodes,
      isr: described.isrNodes,
      offlineReplicas: described.offlineReplicas,
      errorCode: described.errorCode,
    }
    partitions[partition] = known !== undefined && isEqual(known, current) ? known : current
  }
  for (let i = 0; i < partitions.length; i++) partitions[i] ??= leaderless(i)
  const isUnchanged =
    isSameTopic &&
    previous.topicId === topic.topicId &&
    previous.partitions.length === partitions.length &&
    partitions.every((partition, i) => partition === previous.partitions[i])
  if (isUnchanged) return previous
  return { name: topic.name!, topicId: topic.topicId, isInternal: topic.isInternal, partitions }
}

function leaderless(partition: number): PartitionMetadata {
  return {
    partition,
    leaderId: -1,
    leaderEpoch: -1,
    replicas: [],
    isr: [],
    offlineReplicas: [],
    errorCode: ERROR.LEADER_NOT_AVAILABLE,
  }
}

function isEqual(a: PartitionMetadata, b: PartitionMetadata): boolean {
  return (
    a.leaderId === b.leaderId &&
    a.leaderEpoch === b.leaderEpoch &&
    a.errorCode === b.errorCode &&
    areSame(a.replicas, b.replicas) &&
    areSame(a.isr, b.isr) &&
    areSame(a.offlineReplicas, b.offlineReplicas)
  )
}

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
