import { ConfigError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { encodeRecordBatch, type EncodeOptions } from '../protocol/records/encode.ts'
import { decodeRecords } from '../protocol/records/read-batches.ts'
import type { DecodedRecord, EncodableRecord } from '../protocol/records/record.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { Controls, type Control, type ControlHandle, type ControlOptions } from './control.ts'
import { OfferedApis } from './offered-apis.ts'
import { RequestLog } from './request-log.ts'
import { RequestServer } from './request-server.ts'
import { ClusterState } from './state/cluster-state.ts'
import type { CommittedOffset } from './state/committed-offsets.ts'
import { appendBatch } from './state/append-batch.ts'
import type { Partition } from './state/partition.ts'
import { isFault, type Topic } from './state/topics.ts'
import { clusterSettings, type TestBrokerOptions, type TopicOptions } from './options.ts'
import { TestNode } from './test-node.ts'

/** How a partition stands. */
export interface PartitionStats {
  /** Node id; -1 while it has none. */
  leaderId: number
  leaderEpoch: number
  /** Node ids, the preferred leader first. */
  replicas: number[]
  /** Lowest offset that can be read. */
  startOffset: number
  /** Offset that the next record gets. */
  endOffset: number
  /** Offset up to which `read_committed` consumers may read. */
  lastStableOffset: number
  /** Number of batches that are stored. */
  batchCount: number
  sizeInBytes: number
}

/** How the transaction of a transactional id stands. */
export interface TransactionStats {
  producerId: bigint
  producerEpoch: number
  /** `empty` before the first one; what the last one came to while none is `ongoing`. */
  state: 'empty' | 'ongoing' | 'committed' | 'aborted'
  /** Partitions, and groups whose offsets it commits. */
  participantCount: number
}

/** A record to put into a partition. The timestamp is the present unless given. */
export type NewRecord = Omit<EncodableRecord, 'timestamp' | 'offset'> & { timestamp?: number | undefined }

/**
 * Kafka for tests, in this process: a cluster of one or more nodes on TCP ports of this machine, with topics,
 * idempotent producers, transactions and consumer groups of both protocols, to which any client can connect. It keeps everything in memory and
 * behaves as Kafka 4.4 does; where it differs, it is wrong. `control` makes it fail on purpose.
 */
export class TestBroker {
  /** In the order of their ids, from 1. */
  readonly nodes: readonly TestNode[]
  /** What clients have asked so far. */
  readonly requests: RequestLog
  readonly #cluster: ClusterState
  readonly #controls: Controls
  #closing: Promise<void> | undefined

  private constructor(cluster: ClusterState, apis: OfferedApis) {
    this.#cluster = cluster
    this.requests = new RequestLog()
    this.#controls = new Controls(apis)
    const server = new RequestServer(cluster, apis, this.#controls, this.requests)
    this.nodes = cluster.nodes.map(
      (state) => new TestNode(cluster, state, (frame, signal) => server.serve(frame, state, signal)),
    )
  }

  /** Starts a cluster. Throws ConfigError for options that make no sense. */
  static async start(options: TestBrokerOptions = {}): Promise<TestBroker> {
    const { host, topics, apiVersions, ...settings } = clusterSettings(options)
    const cluster = new ClusterState(settings)
    const broker = new TestBroker(cluster, new OfferedApis(apiVersions))
    for (const node of cluster.nodes) node.host = host
    for (const [name, topic] of Object.entries(topics)) broker.createTopic(name, topic)
    try {
      await Promise.all(broker.nodes.map((node) => node.listen()))
    } catch (error) {
      await broker.close()
      throw error
    }
    return broker
  }

  /** Addresses of all nodes, as clients are given them: `host:port,host:port`. */
  get bootstrapServers(): string {
    return this.nodes.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)).join(',')
  }

  get clusterId(): string {
    return this.#cluster.clusterId
  }

  /**
   * Has `control` decide about the requests of an API, before the broker does. Controls of one API are asked in the
   * order they were put in place, until one returns something. They stay until disposed of. With an Api object (from
   * `kafkawire/protocol`) an API that the broker does not serve can be answered too.
   */
  control<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    control: Control<NoInfer<Request>, NoInfer<Response>>,
    options?: ControlOptions,
  ): ControlHandle
  /** The same by API key, without the types. */
  control(apiKey: number, control: Control<object, object>, options?: ControlOptions): ControlHandle
  control<Request extends object, Response extends object>(
    api: Api<Request, Response> | number,
    control: Control<Request, Response>,
    options?: ControlOptions,
  ): ControlHandle {
    if (typeof api !== 'number') return this.#controls.add(api, control, options)
    return this.#controls.addByKey(api, control as unknown as Control<object, object>, options)
  }

  /** Creates a topic: a number of partitions, or more about it. Throws BrokerError, such as TOPIC_ALREADY_EXISTS. */
  createTopic(name: string, topic: number | TopicOptions = {}): void {
    const options = typeof topic === 'number' ? { partitions: topic } : topic
    const { partitions = -1, replicationFactor = -1, config = {} } = options
    const created = this.#cluster.topics.create({ name, partitions, replicationFactor, config })
    if (isFault(created)) throw brokerError(created.errorCode, { api: 'CreateTopics', topic: name }, created.message)
  }

  /** Deletes a topic with its records and with what groups have committed for it. Throws BrokerError when there is none. */
  deleteTopic(name: string): void {
    this.#cluster.deleteTopic(this.#topic('DeleteTopics', name))
  }

  /** Gives a topic more partitions, up to so many in all. Throws BrokerError when there is no such topic, or it has as many already. */
  growTopic(name: string, partitions: number): void {
    const fault = this.#cluster.topics.grow(this.#topic('CreatePartitions', name), partitions)
    if (fault !== undefined) throw brokerError(fault.errorCode, { api: 'CreatePartitions', topic: name }, fault.message)
  }

  /** All records of a partition, decoded. Throws BrokerError for a partition that does not exist. */
  async records(topic: string, partition: number): Promise<DecodedRecord[]> {
    const { log } = this.#partition(topic, partition)
    const records = await decodeRecords(log.readAll(), { includeControl: true })
    return records.filter(({ offset }) => offset >= log.startOffset)
  }

  /**
   * Appends records to a partition as one batch, as if a producer had sent them, and returns the offset of the first.
   * Throws BrokerError when the partition does not exist or refuses the batch.
   */
  async append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
    options: Pick<EncodeOptions, 'compression' | 'level'> = {},
  ): Promise<number> {
    const target = this.#partition(topic, partition)
    const now = Date.now()
    const stamped = records.map(({ timestamp, key, value, headers }) => {
      return { timestamp: timestamp ?? now, key, value, headers }
    })
    const batch = await encodeRecordBatch(stamped, options)
    const { errorCode, reason, baseOffset } = await appendBatch(target, batch, Infinity)
    if (errorCode === ERROR.NONE) return baseOffset
    throw brokerError(errorCode, { api: 'Produce', topic, partition }, reason)
  }

  /** Deletes the records before `beforeOffset`, as retention would. */
  deleteRecords(topic: string, partition: number, beforeOffset: number): void {
    const target = this.#partition(topic, partition)
    target.log.deleteBefore(beforeOffset)
    target.changed()
  }

  /**
   * Loses the records from `fromOffset` on, with the whole batch that it lies in, and begins a new leader epoch: an unclean election, which a
   * consumer that has read further notices (KIP-320).
   */
  truncate(topic: string, partition: number, fromOffset: number): void {
    this.#partition(topic, partition).truncate(fromOffset)
  }

  /** Makes a node lead a partition, in a new leader epoch. Throws ConfigError for a node that is not running. */
  moveLeader(topic: string, partition: number, nodeId: number): void {
    const node = this.#cluster.node(nodeId)
    if (node?.isUp !== true) throw new ConfigError('nodeId', `there is no running node ${nodeId}`)
    this.#cluster.moveLeader(this.#partition(topic, partition), nodeId)
  }

  /** How a partition stands; undefined when there is no such partition. */
  partition(topic: string, partition: number): PartitionStats | undefined {
    const found = this.#cluster.partition(topic, partition)
    if (found === undefined) return undefined
    const { leaderId, leaderEpoch, replicas, log, lastStableOffset } = found
    const { startOffset, endOffset, batchCount, sizeInBytes } = log
    const size = { batchCount, sizeInBytes }
    return { leaderId, leaderEpoch, replicas: [...replicas], startOffset, endOffset, lastStableOffset, ...size }
  }

  /** What a group has committed. */
  committed(groupId: string): readonly CommittedOffset[] {
    return this.#cluster.offsets.all(groupId)
  }

  /** How the transaction of a transactional id stands; undefined for an id that nobody has used. */
  transaction(transactionalId: string): TransactionStats | undefined {
    const entry = this.#cluster.transactions.get(transactionalId)
    if (entry === undefined) return undefined
    const { producerId, producerEpoch, state, participants } = entry
    return { producerId, producerEpoch, state, participantCount: participants.size }
  }

  /** Sets the finalized level of a feature, such as `transaction.version`; 0 switches it off. Clients learn of it with their next connection. */
  setFeature(name: string, level: number): void {
    this.#cluster.features.set(name, level)
    this.#cluster.featuresEpoch++
  }

  /** The node that coordinates a group, or a transactional id; undefined when no node is running. */
  coordinator(groupId: string): TestNode | undefined {
    const state = this.#cluster.coordinatorOf(groupId)
    return this.nodes.find(({ id }) => id === state?.id)
  }

  /** Stops all nodes and everything that runs. Rejects with what a control threw, if one did. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#cluster.close()
    await Promise.all(this.nodes.map((node) => node.close()))
    const thrown = this.#controls.firstError
    if (thrown !== undefined) throw thrown.error
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #topic(api: string, name: string): Topic {
    const found = this.#cluster.topics.get(name)
    if (found !== undefined) return found
    throw brokerError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, { api, topic: name })
  }

  #partition(topic: string, partition: number): Partition {
    const found = this.#cluster.partition(topic, partition)
    if (found !== undefined) return found
    throw brokerError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, { api: 'TestBroker', topic, partition })
  }
}
