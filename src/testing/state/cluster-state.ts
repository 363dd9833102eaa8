import { CommittedOffsets } from './committed-offsets.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { type AllGroupSettings, Groups } from './groups.ts'
import type { Partition } from './partition.ts'
import { randomUuid, Topics, type Topic } from './topics.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'

/** How a cluster is set up. */
export interface ClusterSettings {
  nodeCount: number
  autoCreateTopics: boolean
  defaultPartitions: number
  /** Largest batch in bytes that topics take unless they say otherwise. */
  maxMessageBytes: number
  groups: AllGroupSettings
  /** Level of the feature transaction.version. */
  transactionVersion: number
}

/** A node as clients are told of it. */
export interface NodeState {
  readonly id: number
  host: string
  port: number
  isUp: boolean
  readonly fetchSessions: FetchSessions
}

/** Partitions of Kafka's offsets topic, by which groups are spread over the nodes (offsets.topic.num.partitions). */
const OFFSETS_PARTITIONS = 50

/** The feature that says which transactions the cluster has (KIP-890). */
export const TRANSACTION_VERSION = 'transaction.version'

/** Everything that the nodes of a cluster share. */
export class ClusterState {
  readonly settings: ClusterSettings
  readonly clusterId: string = randomUuid()
  readonly nodes: readonly NodeState[]
  readonly topics: Topics
  readonly groups: Groups
  readonly offsets: CommittedOffsets = new CommittedOffsets()
  readonly transactions: TransactionCoordinator
  /** Finalized levels of the cluster's features; those at 0 are off. */
  readonly features: Map<string, number>
  /** Rises with each change of the features. */
  featuresEpoch = 0n
  readonly #liveNodes = new Set<number>()
  #nextProducerId = 0n

  constructor(settings: ClusterSettings) {
    this.settings = settings
    this.nodes = Array.from({ length: settings.nodeCount }, (_, index) => ({
      id: index + 1,
      host: '',
      port: 0,
      isUp: true,
      fetchSessions: new FetchSessions(),
    }))
    const nodeIds = this.nodes.map(({ id }) => id)
    for (const id of nodeIds) this.#liveNodes.add(id)
    const { defaultPartitions, maxMessageBytes } = settings
    this.topics = new Topics({ defaultPartitions, maxMessageBytes, nodeIds }, this.#liveNodes)
    this.groups = new Groups(settings.groups, this.topics)
    this.features = new Map([[TRANSACTION_VERSION, settings.transactionVersion]])
    this.transactions = new TransactionCoordinator({
      newProducerId: () => this.newProducerId(),
      transactionVersion: () => this.features.get(TRANSACTION_VERSION) ?? 0,
    })
  }

  liveNodes(): NodeState[] {
    return this.nodes.filter(({ isUp }) => isUp)
  }

  node(nodeId: number): NodeState | undefined {
    return this.nodes.find(({ id }) => id === nodeId)
  }

  /** The node that takes admin requests, as clients are told; any node does (KRaft). */
  get controllerId(): number {
    return this.liveNodes()[0]?.id ?? -1
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.topics.get(topic)?.partitions[index]
  }

  moveLeader(partition: Partition, nodeId: number): void {
    partition.moveLeader(nodeId, this.#liveNodes)
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic)
    this.offsets.deleteTopic(topic.name)
  }

  newProducerId(): bigint {
    return this.#nextProducerId++
  }

  /**
   * The node that coordinates a group, or a transactional id: as in Kafka by the hash of its name, which picks a
   * partition and by that a node. The next one that is up stands in for a node that is down.
   */
  coordinatorOf(key: string): NodeState | undefined {
    const preferred = Math.abs(javaHash(key)) % OFFSETS_PARTITIONS
    for (let i = 0; i < this.nodes.length; i++) {
      const node = this.nodes[(preferred + i) % this.nodes.length]!
      if (node.isUp) return node
    }
    return undefined
  }

  /** Takes a node out of the cluster or brings it back: leaders are elected and groups handed over as needed. */
  setUp(node: NodeState, isUp: boolean): void {
    const coordinators = new Map(this.groups.groupIds().map((groupId) => [groupId, this.coordinatorOf(groupId)]))
    node.isUp = isUp
    if (isUp) this.#liveNodes.add(node.id)
    else this.#liveNodes.delete(node.id)
    node.fetchSessions.clear()
    this.topics.elect()
    this.groups.failOver((groupId) => this.coordinatorOf(groupId) !== coordinators.get(groupId))
  }

  /** Stops all timers. */
  close(): void {
    this.groups.close()
    this.transactions.close()
  }
}

/** String.hashCode of Java. */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
