import { randomBytes } from 'node:crypto'
import { ERROR } from '../../protocol/error-codes.ts'
import { Partition } from './partition.ts'
import { configFault, TopicConfig } from './topic-config.ts'
import { topicNameFault, topicNamesCollide } from './topic-names.ts'

/** A topic and its partitions, by index. */
export interface Topic {
  readonly name: string
  /** 22 characters, as on the wire. */
  readonly id: string
  readonly config: TopicConfig
  readonly partitions: Partition[]
}

/** What is asked for when a topic is made. */
export interface TopicSpec {
  name: string
  /** -1 for the broker's default. */
  partitions: number
  /** -1 for the broker's default. */
  replicationFactor: number
  /** Node ids per partition, by index; undefined to let the broker choose. */
  assignment?: readonly (readonly number[])[] | undefined
  config: Readonly<Record<string, string>>
}

/** Why a topic cannot be made. */
export interface TopicFault {
  errorCode: number
  message: string
}

/** What the registry takes from its cluster. */
export interface TopicSettings {
  defaultPartitions: number
  maxMessageBytes: number
  /** All node ids, up or not. */
  nodeIds: readonly number[]
}

/** Replicas of a topic that does not say how many. Fewer on a smaller cluster. */
const DEFAULT_REPLICATION_FACTOR = 3

/** The topics of a cluster by name and id. */
export class Topics {
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  readonly #settings: TopicSettings
  readonly #liveNodes: ReadonlySet<number>
  /** First replica of the next topic: leaders are spread over the nodes. */
  #nextNode = 0

  constructor(settings: TopicSettings, liveNodes: ReadonlySet<number>) {
    this.#settings = settings
    this.#liveNodes = liveNodes
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  /** In the order they were made. */
  all(): Topic[] {
    return [...this.#byName.values()]
  }

  /** The topic that a request means, by id where its version has ids, else by name. */
  find(of: { name: string; topicId: string }, byId: boolean): Topic | undefined {
    return byId ? this.#byId.get(of.topicId) : this.#byName.get(of.name)
  }

  /** Makes a topic, or says why not (Java: ReplicationControlManager.createTopic). */
  create(spec: TopicSpec, options: { validateOnly?: boolean } = {}): Topic | TopicFault {
    const fault = this.#nameFault(spec.name) ?? configFaultOf(spec.config) ?? this.#placementFault(spec)
    if (fault !== undefined) return fault
    const config = new TopicConfig(spec.config, this.#settings.maxMessageBytes)
    const topic: Topic = { name: spec.name, id: randomUuid(), config, partitions: [] }
    for (const [index, replicas] of this.#place(spec).entries()) {
      topic.partitions.push(new Partition(topic, index, replicas, this.#liveNodes))
    }
    if (options.validateOnly !== true) {
      this.#byName.set(topic.name, topic)
      this.#byId.set(topic.id, topic)
      this.#nextNode++
    }
    return topic
  }

  /** Adds partitions until there are so many, or says why not (Java: ReplicationControlManager.createPartitions). */
  grow(topic: Topic, count: number): TopicFault | undefined {
    const { name, partitions } = topic
    const present = partitions.length
    if (count <= present) {
      const message = `The topic ${name} currently has ${present} partition(s); ${count} would not be an increase.`
      return { errorCode: ERROR.INVALID_PARTITIONS, message }
    }
    const replicationFactor = partitions[0]!.replicas.length
    const places = this.#place({ name, partitions: count, replicationFactor, config: {} })
    for (const [index, replicas] of places.entries()) {
      if (index >= present) partitions.push(new Partition(topic, index, replicas, this.#liveNodes))
    }
    return undefined
  }

  delete(topic: Topic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    for (const partition of topic.partitions) partition.delete()
  }

  /** Elects leaders anew after a node went up or down. */
  elect(): void {
    for (const topic of this.#byName.values()) {
      for (const partition of topic.partitions) partition.elect(this.#liveNodes)
    }
  }

  #nameFault(name: string): TopicFault | undefined {
    const invalid = topicNameFault(name)
    if (invalid !== undefined) return { errorCode: ERROR.INVALID_TOPIC_EXCEPTION, message: invalid }
    if (this.#byName.has(name)) {
      return { errorCode: ERROR.TOPIC_ALREADY_EXISTS, message: `Topic '${name}' already exists.` }
    }
    const rival = this.all().find((topic) => topicNamesCollide(topic.name, name))
    if (rival === undefined) return undefined
    const message = `Topic '${name}' collides with existing topic: ${rival.name}`
    return { errorCode: ERROR.INVALID_TOPIC_EXCEPTION, message }
  }

  #placementFault({ partitions, replicationFactor, assignment }: TopicSpec): TopicFault | undefined {
    const nodeCount = this.#settings.nodeIds.length
    if (assignment !== undefined) return this.#assignmentFault(partitions, replicationFactor, assignment)
    if (replicationFactor < -1 || replicationFactor === 0) {
      const message = 'Replication factor must be larger than 0, or -1 to use the default value.'
      return { errorCode: ERROR.INVALID_REPLICATION_FACTOR, message }
    }
    if (partitions < -1 || partitions === 0) {
      const message = 'Number of partitions was set to an invalid non-positive value.'
      return { errorCode: ERROR.INVALID_PARTITIONS, message }
    }
    if (replicationFactor <= nodeCount) return undefined
    const message =
      `Unable to replicate the partition ${replicationFactor} time(s): ` +
      `The target replication factor of ${replicationFactor} cannot be reached ` +
      `because only ${nodeCount} broker(s) are registered.`
    return { errorCode: ERROR.INVALID_REPLICATION_FACTOR, message }
  }

  #assignmentFault(
    partitions: number,
    replicationFactor: number,
    assignment: readonly (readonly number[])[],
  ): TopicFault | undefined {
    if (partitions !== -1 || replicationFactor !== -1) {
      const what = replicationFactor === -1 ? 'numPartitions' : 'replication factor'
      const message = `A manual partition assignment was specified, but ${what} was not set to -1.`
      return { errorCode: ERROR.INVALID_REQUEST, message }
    }
    for (const replicas of assignment) {
      if (replicas.length === 0) return badAssignment('The manual partition assignment includes an empty replica list.')
      if (new Set(replicas).size < replicas.length) return badAssignment('A broker is given twice for one partition.')
      const unknown = replicas.find((id) => !this.#settings.nodeIds.includes(id))
      if (unknown !== undefined) return badAssignment(`Broker ${unknown} is not registered.`)
      if (replicas.length !== assignment[0]!.length)
        return badAssignment('Partitions have different numbers of replicas.')
    }
    return undefined
  }

  /**
   * Replicas of each partition: neighbouring nodes, the first one moving on from partition to partition, those that are
   * down last.
   */
  #place({ partitions, replicationFactor, assignment }: TopicSpec): (readonly number[])[] {
    if (assignment !== undefined) return [...assignment]
    const { nodeIds, defaultPartitions } = this.#settings
    const count = partitions === -1 ? defaultPartitions : partitions
    const replicas = replicationFactor === -1 ? DEFAULT_REPLICATION_FACTOR : replicationFactor
    return Array.from({ length: count }, (_, index) => {
      const rotated = nodeIds.map((_, at) => nodeIds[(this.#nextNode + index + at) % nodeIds.length]!)
      const isLive = (id: number): boolean => this.#liveNodes.has(id)
      return [...rotated.filter(isLive), ...rotated.filter((id) => !isLive(id))].slice(0, replicas)
    })
  }
}

/** Whether `create` refused. */
export function isFault(result: Topic | TopicFault): result is TopicFault {
  return 'errorCode' in result
}

function badAssignment(message: string): TopicFault {
  return { errorCode: ERROR.INVALID_REPLICA_ASSIGNMENT, message }
}

function configFaultOf(config: Readonly<Record<string, string>>): TopicFault | undefined {
  for (const [name, value] of Object.entries(config)) {
    const message = configFault(name, value)
    if (message !== undefined) return { errorCode: ERROR.INVALID_CONFIG, message }
  }
  return undefined
}

/**
 * A random UUID (version 4) as 22 characters. Like Kafka's, it never starts with a dash, which tools would take for an
 * option.
 */
export function randomUuid(): string {
  for (;;) {
    const bytes = randomBytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
