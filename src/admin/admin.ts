import { type BrokerError, ClosedError, ConfigError, KafkaError, UnsupportedVersionError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { Cluster } from '../network/cluster.ts'
import { retry } from '../network/retry.ts'
import type { Wait } from '../network/wait.ts'
import type { Api } from '../protocol/api.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { metadataApi, type MetadataTopic } from '../protocol/messages/03-metadata.ts'
import { createTopicsApi, type CreateTopicsRequest } from '../protocol/messages/19-create-topics.ts'
import { deleteTopicsApi } from '../protocol/messages/20-delete-topics.ts'
import type { Encodable } from '../protocol/schema.ts'

/** Options of every admin call. */
export interface AdminOptions {
  /** Longest wait for the whole call, retries included. Default 60,000. Java: default.api.timeout.ms. */
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** A topic to be created. */
export interface NewTopic {
  name: string
  /** Default: the broker's num.partitions (brokers from 2.4 on). */
  partitions?: number | undefined
  /** Default: the broker's default.replication.factor (brokers from 2.4 on). */
  replicationFactor?: number | undefined
  /** Node ids of the replicas of each partition, instead of `partitions` and `replicationFactor`. */
  replicaAssignment?: readonly (readonly number[])[] | undefined
  /** Topic settings by Kafka's names, such as `{ 'cleanup.policy': 'compact' }`. */
  configs?: Readonly<Record<string, string>> | undefined
}

/** A topic as `listTopics` gives it. */
export interface TopicListing {
  name: string
  /** The zero UUID for brokers before 2.8. */
  topicId: string
  /** Whether it is one of Kafka's own, such as __consumer_offsets. */
  isInternal: boolean
}

/** A topic as `describeTopics` gives it. */
export interface TopicDescription extends TopicListing {
  /** By partition number. */
  partitions: PartitionDescription[]
}

export interface PartitionDescription {
  partition: number
  /** Node id; -1 while there is no leader. */
  leaderId: number
  /** -1 when the broker does not say. */
  leaderEpoch: number
  /** Node ids, the preferred leader first. */
  replicas: number[]
  /** Node ids of the replicas in sync. */
  isr: number[]
  offlineReplicas: number[]
}

/** Several topics of one call failed. `errors` has the error of each by name; `cause` is the first. Topics not named in it succeeded. */
export class AdminError extends KafkaError {
  static {
    this.prototype.name = 'AdminError'
  }
  readonly errors: ReadonlyMap<string, BrokerError>

  constructor(errors: ReadonlyMap<string, BrokerError>) {
    const [first] = errors.values()
    super('KAFKA_ADMIN', `${errors.size} topics failed, see errors; first: ${first?.message}`, { cause: first })
    this.errors = errors
  }
}

/** First version of CreateTopics in which a broker fills in partitions and replication factor (KIP-464). */
const BROKER_DEFAULTS_VERSION = 4
/** First version of DeleteTopics with one list for names and ids (KIP-516). */
const TOPIC_LIST_VERSION = 6
const DEFAULT_TIMEOUT_MS = 60_000

/** Creates, deletes and describes topics (Java: Admin). Made by `kafka.admin()`. */
export class Admin {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /**
   * Creates topics. Each is created or not on its own.
   *
   * @param options.validateOnly - only checks whether they could be created. Default false.
   * @throws BrokerError (TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, …) when one failed; AdminError when several did.
   */
  async createTopics(
    topics: readonly NewTopic[],
    options: AdminOptions & { validateOnly?: boolean } = {},
  ): Promise<void> {
    const wanted = checkNewTopics(topics)
    if (wanted.length === 0) return
    const needsDefaults = wanted.some(
      ({ numPartitions, replicationFactor, assignments }) =>
        assignments.length === 0 && (numPartitions < 0 || replicationFactor < 0),
    )
    const wait = waitOf(options)
    const { validateOnly = false } = options
    await this.#perTopic(wait, {
      api: createTopicsApi,
      names: wanted.map(({ name }) => name),
      body: (names, version) => {
        if (needsDefaults && version < BROKER_DEFAULTS_VERSION) {
          const message = 'this broker, older than 2.4, has no default partitions and replication factor: name both'
          throw new UnsupportedVersionError(message, { api: 'CreateTopics', client: createTopicsApi.request.versions })
        }
        return { topics: wanted.filter(({ name }) => names.has(name)), timeoutMs: wait.timeoutMs, validateOnly }
      },
      results: ({ topics }) => topics,
    })
  }

  /**
   * Deletes topics. Each is deleted or not on its own. Brokers delete the data later.
   *
   * @throws BrokerError (UNKNOWN_TOPIC_OR_PARTITION, …) when one failed; AdminError when several did.
   */
  async deleteTopics(names: readonly string[], options: AdminOptions = {}): Promise<void> {
    checkNames(names)
    if (names.length === 0) return
    const wait = waitOf(options)
    const { timeoutMs } = wait
    await this.#perTopic(wait, {
      api: deleteTopicsApi,
      names,
      body: (left, version) =>
        version >= TOPIC_LIST_VERSION
          ? { topics: Array.from(left, (name) => ({ name })), timeoutMs }
          : { topicNames: [...left], timeoutMs },
      results: ({ responses }) => responses,
    })
  }

  /** All topics, in the order of their names. @param options.includeInternal - Kafka's own topics too. Default false. */
  async listTopics(options: AdminOptions & { includeInternal?: boolean } = {}): Promise<TopicListing[]> {
    const { includeInternal = false } = options
    const topics = await this.#describe(null, options)
    return topics
      .filter(({ errorCode, isInternal }) => errorCode === ERROR.NONE && (includeInternal || !isInternal))
      .map(({ name, topicId, isInternal }) => ({ name: name!, topicId, isInternal }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Topics by name, in the order given. Never creates one (brokers before 0.11 might).
   *
   * @throws BrokerError (UNKNOWN_TOPIC_OR_PARTITION, …) when one failed; AdminError when several did.
   */
  async describeTopics(names: readonly string[], options: AdminOptions = {}): Promise<TopicDescription[]> {
    checkNames(names)
    if (names.length === 0) return []
    const topics = new Map((await this.#describe(names, options)).map((topic) => [topic.name, topic]))
    const errors = new Map<string, BrokerError>()
    const descriptions: TopicDescription[] = []
    for (const name of names) {
      const topic = topics.get(name)
      const errorCode = topic?.errorCode ?? ERROR.UNKNOWN_TOPIC_OR_PARTITION
      if (topic === undefined || errorCode !== ERROR.NONE)
        errors.set(name, brokerError(errorCode, { api: 'Metadata', topic: name }))
      else descriptions.push(toDescription(topic))
    }
    throwFailed(errors)
    return descriptions
  }

  /** Closes every connection; calls under way reject with ClosedError. */
  async close(): Promise<void> {
    await this.#cluster.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #describe(names: readonly string[] | null, options: AdminOptions): Promise<MetadataTopic[]> {
    this.#checkOpen()
    const topics = names === null ? null : names.map((name) => ({ name }))
    const body = (version: number) => ({
      // Version 0 has no null: there an empty list asks for all topics.
      topics: topics === null && version === 0 ? [] : topics,
      ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
    })
    const response = await this.#cluster.request(metadataApi, body, waitOf(options))
    if (response.errorCode !== ERROR.NONE) throw brokerError(response.errorCode, { api: 'Metadata' })
    return response.topics
  }

  /** Sends a request about topics to the controller until every topic has succeeded or failed for good. */
  async #perTopic<Request extends object, Response extends object>(
    wait: Wait,
    { api, names, body, results }: TopicCall<Request, Response>,
  ): Promise<void> {
    this.#checkOpen()
    const left = new Set(names)
    const errors = new Map<string, BrokerError>()
    await retry(`${api.name} for ${names.join(', ')}`, wait, async (deadline) => {
      const within = { timeoutMs: deadline.remainingMs, signal: deadline.signal }
      const controller = await this.#cluster.controller(within)
      const response = await controller.request('general', api, (version) => body(left, version), within)
      let retriable: BrokerError | undefined
      for (const { name, errorCode, errorMessage } of results(response)) {
        if (name === null) continue
        const error =
          errorCode === ERROR.NONE ? undefined : brokerError(errorCode, { api: api.name, topic: name }, errorMessage)
        if (errorCode === ERROR.NOT_CONTROLLER || errorCode === ERROR.THROTTLING_QUOTA_EXCEEDED) {
          retriable = error
          continue
        }
        left.delete(name)
        if (error !== undefined) errors.set(name, error)
      }
      if (retriable === undefined) return
      this.#cluster.markStale()
      throw retriable
    })
    throwFailed(errors)
  }

  #checkOpen(): void {
    if (this.#cluster.isClosed) throw new ClosedError('the admin client')
  }
}

/** A request that says something about each of a few topics. */
interface TopicCall<Request extends object, Response extends object> {
  readonly api: Api<Request, Response>
  readonly names: readonly string[]
  /** The request for the topics that are left to do. */
  readonly body: (left: ReadonlySet<string>, version: number) => Encodable<Request>
  readonly results: (response: Response) => readonly TopicResult[]
}

interface TopicResult {
  name: string | null
  errorCode: number
  errorMessage?: string | null
}

function throwFailed(errors: ReadonlyMap<string, BrokerError>): void {
  const [first] = errors.values()
  if (first !== undefined) throw errors.size === 1 ? first : new AdminError(errors)
}

function waitOf({ timeoutMs = DEFAULT_TIMEOUT_MS, signal }: AdminOptions): Wait {
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) {
    throw new ConfigError('timeoutMs', `timeoutMs must be a whole number of at least 1, not ${inspect(timeoutMs)}`)
  }
  return { timeoutMs, signal }
}

function checkNames(names: readonly string[]): void {
  const isNames = Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')
  if (!isNames) throw new ConfigError('names', `topic names must be an array of names, not ${inspect(names)}`)
}

function checkNewTopics(topics: readonly NewTopic[]): CreateTopicsRequest['topics'] {
  if (!Array.isArray(topics)) throw new ConfigError('topics', `topics must be an array, not ${inspect(topics)}`)
  return topics.map((topic: NewTopic) => {
    const { name, partitions = -1, replicationFactor = -1, replicaAssignment = [], configs = {} } = topic
    checkNames([name])
    if (!Number.isInteger(partitions) || partitions === 0 || partitions < -1) {
      throw new ConfigError(
        'partitions',
        `partitions of ${name} must be a whole number of at least 1, not ${inspect(partitions)}`,
      )
    }
    if (!Number.isInteger(replicationFactor) || replicationFactor === 0 || replicationFactor < -1) {
      throw new ConfigError(
        'replicationFactor',
        `replicationFactor of ${name} must be a whole number of at least 1, not ${inspect(replicationFactor)}`,
      )
    }
    return {
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: replicaAssignment.map((brokerIds, partitionIndex) => ({
        partitionIndex,
        brokerIds: [...brokerIds],
      })),
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    }
  })
}

function toDescription({ name, topicId, isInternal, partitions }: MetadataTopic): TopicDescription {
  return {
    name: name!,
    topicId,
    isInternal,
    partitions: partitions
      .map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes, offlineReplicas }) => ({
        partition: partitionIndex,
        leaderId,
        leaderEpoch,
        replicas: replicaNodes,
        isr: isrNodes,
        offlineReplicas,
      }))
      .toSorted((a, b) => a.partition - b.partition),
  }
}
