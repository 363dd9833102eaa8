import { ClosedError, ConnectionError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { metadataApi, type MetadataRequest, type MetadataResponse } from '../protocol/messages/03-metadata.ts'
import { findCoordinatorApi } from '../protocol/messages/10-find-coordinator.ts'
import type { Encodable } from '../protocol/schema.ts'
import { askAnyBroker, firstAnswer, lateError } from './any-broker.ts'
import type { Broker } from './broker.ts'
import { BrokerSet } from './broker-set.ts'
import { type ClusterOptions, type ClusterSettings, clusterSettings } from './cluster-options.ts'
import { type CoordinatorKind, Coordinators } from './coordinators.ts'
import type { BodyOf } from './exchange.ts'
import { MetadataCache, type TopicMetadata } from './metadata.ts'
import { Refresher } from './refresher.ts'
import { retry } from './retry.ts'
import { TopicsInUse } from './topics-in-use.ts'
import { VersionTable } from './versions.ts'
import type { Deadline, Wait } from './wait.ts'

export type { ClusterOptions } from './cluster-options.ts'
export type { CoordinatorKind } from './coordinators.ts'

/** A broker's address as responses with leader hints carry it. */
export interface NodeEndpoint {
  nodeId: number
  host: string
  port: number
  rack?: string | null
}

/** First version of Metadata that can be asked for a topic by its id alone (KIP-516). */
const NAMELESS_TOPICS_SINCE = 12

/**
 * A Kafka cluster as a client sees it: who its brokers are, who leads what, and connections to them. Connects to nothing
 * before it is first asked something.
 */
export class Cluster {
  readonly #settings: ClusterSettings
  readonly #brokers: BrokerSet
  readonly #cache = new MetadataCache()
  readonly #refresher: Refresher
  readonly #coordinators: Coordinators
  /** Topics that are kept up to date. */
  readonly #inUse: TopicsInUse
  readonly #listeners = new Set<() => void>()
  /** Calls that wait for something. */
  readonly #waits = new Set<Deadline>()
  readonly #closing = new AbortController()
  /** Since when metadata is asked for in vain, on the clock of performance.now(); undefined when the last answer had it. */
  #lackingSince: number | undefined
  #versions = VersionTable.EMPTY
  #closed: Promise<void> | undefined

  constructor(options: ClusterOptions) {
    this.#settings = clusterSettings(options)
    this.#inUse = new TopicsInUse(this.#settings.topicIdleMs)
    this.#brokers = new BrokerSet(options.bootstrapServers, {
      ...this.#settings,
      clusterId: () => this.#cache.clusterId,
      onVersions: (versions) => {
        if (versions.featuresEpoch >= this.#versions.featuresEpoch) this.#versions = versions
      },
    })
    this.#refresher = new Refresher({
      fetch: (names) =>
        this.#fetch(names ?? this.#retainTopics(), this.#settings.allowAutoTopicCreation && names !== undefined),
      backoff: this.#settings.retryBackoff,
      maxAgeMs: this.#settings.metadataMaxAgeMs,
    })
    this.#coordinators = new Coordinators({
      ask: (body) =>
        this.#firstAnswer((broker, signal) => broker.request('general', findCoordinatorApi, body, { signal })),
      broker: (nodeId) => this.#brokers.get(nodeId),
      addBroker: (address) => this.#brokers.add(address),
    })
  }

  /** Null while unknown. */
  get clusterId(): string | null {
    return this.#cache.clusterId
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /**
   * Metadata of these topics: from the cache, or fetched when one is missing or metadata was marked stale. What passes
   * (a topic that is just being created, an election, brokers that are down) is retried until the deadline, and is then thrown as the
   * BrokerError or ConnectionError that it is; an invalid name or a missing right is thrown at once. A topic some of whose
   * partitions have no leader is returned.
   */
  async topics(
    names: readonly string[],
    wait: Wait,
    options: { allowAutoTopicCreation?: boolean | undefined } = {},
  ): Promise<Map<string, TopicMetadata>> {
    const wanted = [...new Set(names)]
    const { allowAutoTopicCreation } = this.#settings
    const mayCreate = options.allowAutoTopicCreation ?? allowAutoTopicCreation
    return this.#retry(`metadata of ${describe('topic', wanted)}`, wait, async (deadline) => {
      for (const name of wanted) this.#inUse.add(name)
      const missing = this.#refresher.isStale ? wanted : wanted.filter((name) => this.#cache.topic(name) === undefined)
      if (missing.length > 0) {
        const isShared = mayCreate === allowAutoTopicCreation
        await deadline.race<unknown>(isShared ? this.#refresher.fetchTopics(missing) : this.#fetch(missing, mayCreate))
      }
      return new Map(wanted.map((name) => [name, this.#topicOrThrow(name)]))
    })
  }

  /** Metadata of all topics that the client may see. Always asks. */
  allTopics(wait: Wait): Promise<Map<string, TopicMetadata>> {
    return this.#retry('metadata of all topics', wait, async (deadline) => {
      const { response, version } = await this.#askForMetadata(null, false, deadline.signal)
      return this.#apply(response, version, []).topics
    })
  }

  /** A topic as far as it is known. Counts as a use: a topic in use is kept up to date. */
  topic(name: string): TopicMetadata | undefined {
    this.#inUse.touch(name)
    return this.#cache.topic(name)
  }

  /** The known topic with this id. */
  topicName(topicId: string): string | undefined {
    return this.#cache.topicName(topicId)
  }

  /** Names of topics by their ids, those that exist, whether they are in use or not. Always asks. */
  topicNames(topicIds: readonly string[], wait: Wait): Promise<Map<string, string>> {
    return this.#retry(`names of ${describe('topic', topicIds)}`, wait, async (deadline) => {
      const { topics } = await this.#firstAnswer(
        (broker, signal) => broker.request('general', metadataApi, (version) => byIds(topicIds, version), { signal }),
        deadline.signal,
      )
      const wanted = new Set(topicIds)
      const names = new Map<string, string>()
      for (const { topicId, name } of topics) if (name !== null && wanted.has(topicId)) names.set(topicId, name)
      return names
    })
  }

  /** The broker that leads a partition, as far as it is known. */
  leader(topic: string, partition: number): Broker | undefined {
    const leaderId = this.topic(topic)?.partitions[partition]?.leaderId
    return leaderId === undefined ? undefined : this.#brokers.get(leaderId)
  }

  /**
   * The broker that leads a partition, waiting while there is none. At the deadline throws BrokerError:
   * LEADER_NOT_AVAILABLE, or UNKNOWN_TOPIC_OR_PARTITION when the topic has no such partition.
   */
  awaitLeader(topic: string, partition: number, wait: Wait): Promise<Broker> {
    return this.#retry(`leader of ${topic}-${partition}`, wait, async (deadline, attempt) => {
      this.#inUse.add(topic)
      if (attempt > 0 || this.#cache.topic(topic) === undefined) {
        await deadline.race(this.#refresher.fetchTopics([topic]))
      }
      const known = this.#topicOrThrow(topic).partitions[partition]
      const leader = known === undefined ? undefined : this.#brokers.get(known.leaderId)
      if (leader !== undefined) return leader
      const code = known === undefined ? ERROR.UNKNOWN_TOPIC_OR_PARTITION : ERROR.LEADER_NOT_AVAILABLE
      throw brokerError(code, { api: metadataApi.name, topic, partition })
    })
  }

  /**
   * Takes over a leader that another response named (KIP-951). False, and nothing changes, when it is not newer than what is known,
   * or its broker is neither known nor among `nodeEndpoints`.
   */
  applyLeaderHint(
    topic: string,
    partition: number,
    leaderId: number,
    leaderEpoch: number,
    nodeEndpoints: readonly NodeEndpoint[],
  ): boolean {
    const endpoint = nodeEndpoints.find(({ nodeId }) => nodeId === leaderId)
    if (this.isClosed || (endpoint === undefined && this.#brokers.get(leaderId) === undefined)) return false
    if (!this.#cache.applyLeader(topic, partition, leaderId, leaderEpoch)) return false
    if (endpoint !== undefined) this.#brokers.add({ ...endpoint, rack: endpoint.rack ?? null })
    this.#notify()
    return true
  }

  /** A broker as far as it is known. */
  broker(nodeId: number): Broker | undefined {
    return this.#brokers.get(nodeId)
  }

  /** The known brokers. */
  brokers(): readonly Broker[] {
    return this.#brokers.all()
  }

  /** Says that metadata has proved wrong: it is fetched again in the background, soon but not in a tight loop. */
  markStale(): void {
    if (!this.isClosed) this.#refresher.markStale()
  }

  /** Fetches the metadata of the brokers and of all topics in use, as of this call or later. */
  refresh(wait: Wait): Promise<void> {
    return this.#retry('metadata', wait, (deadline) => deadline.race(this.#refresher.fetchAll()))
  }

  /** Has `listener` called after each change of topics, leaders or brokers, until the returned function is called. It must not throw. */
  onMetadata(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The broker that coordinates a group or a transactional id. Errors that pass are retried until the deadline. */
  async coordinator(kind: CoordinatorKind, key: string, wait: Wait): Promise<Broker> {
    const found = await this.coordinators(kind, [key], wait)
    return found.get(key)!
  }

  /** The coordinators of several keys: all of them, or an error. */
  coordinators(kind: CoordinatorKind, keys: readonly string[], wait: Wait): Promise<Map<string, Broker>> {
    return this.#retry(`coordinator of ${describe(kind, keys)}`, wait, async (deadline) => {
      const unknown = keys.filter((key) => this.#coordinators.get(kind, key) === undefined)
      if (unknown.length > 0) await deadline.race(this.#coordinators.lookUp(kind, unknown))
      return new Map(keys.map((key) => [key, this.#coordinatorOrThrow(kind, key)]))
    })
  }

  /** Has a coordinator looked up again: after NOT_COORDINATOR, or when it cannot be reached. */
  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.forget(kind, key)
  }

  /** The broker that takes admin requests. After NOT_CONTROLLER, refresh first. */
  controller(wait: Wait): Promise<Broker> {
    return this.#retry('controller', wait, async (deadline, attempt) => {
      const known = this.#brokers.get(this.#cache.controllerId)
      if (known !== undefined && attempt === 0 && !this.#refresher.isStale) return known
      await deadline.race(this.#refresher.fetchAll())
      const controller = this.#brokers.get(this.#cache.controllerId)
      if (controller !== undefined) return controller
      throw brokerError(ERROR.NOT_CONTROLLER, { api: metadataApi.name }, 'the cluster has no controller at the moment')
    })
  }

  /** Asks any broker, the least loaded first; a lost connection or a late answer moves on to the next until the deadline. */
  request<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    body: BodyOf<NoInfer<Request>>,
    wait: Wait,
  ): Promise<Response> {
    return this.#retry(`${api.name} request`, wait, async (deadline) => {
      await this.#brokers.prepare()
      return askAnyBroker(this.#brokers.candidates(), api, body, deadline.signal)
    })
  }

  /** Finalized level of a cluster feature, such as `transaction.version`; 0 when it is off, or no broker was connected yet. */
  feature(name: string): number {
    return this.#versions.feature(name)
  }

  /** Disconnects from all brokers; what is pending rejects with ClosedError. Resolves when all sockets are gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const error = new ClosedError('the connection to the cluster')
    this.#refresher.stop()
    this.#closing.abort(error)
    for (const wait of this.#waits) wait.abort(error)
    await this.#brokers.close()
  }

  /** Forgets topics that nobody asked for in a while and returns the others. */
  #retainTopics(): string[] {
    const names = this.#inUse.retain()
    this.#cache.retain((name) => this.#inUse.has(name))
    return names
  }

  #topicOrThrow(name: string): TopicMetadata {
    const known = this.#cache.topic(name)
    if (known !== undefined) return known
    const code = this.#cache.errorCode(name) ?? ERROR.UNKNOWN_TOPIC_OR_PARTITION
    const error = brokerError(code, { api: metadataApi.name, topic: name })
    // Nothing comes of asking for it again in the background.
    if (!error.retriable) this.#inUse.delete(name)
    throw error
  }

  #coordinatorOrThrow(kind: CoordinatorKind, key: string): Broker {
    const known = this.#coordinators.get(kind, key)
    if (known !== undefined) return known
    throw brokerError(ERROR.COORDINATOR_NOT_AVAILABLE, { api: findCoordinatorApi.name })
  }

  async #fetch(names: readonly string[], mayCreate: boolean): Promise<boolean> {
    this.#lackingSince ??= performance.now()
    try {
      const { response, version } = await this.#askForMetadata(names, mayCreate, this.#closing.signal)
      const { isChanged } = this.#apply(response, version, names)
      this.#lackingSince = undefined
      return isChanged
    } catch (error) {
      const now = performance.now()
      // Brokers that answer, and never with metadata, may belong to what was once the cluster (KIP-1102).
      if (now - (this.#lackingSince ?? now) >= this.#settings.metadataRecoveryRebootstrapTriggerMs) {
        this.#lackingSince = now
        this.#brokers.rebootstrap()
      }
      throw error
    }
  }

  #askForMetadata(
    names: readonly string[] | null,
    mayCreate: boolean,
    signal: AbortSignal,
  ): Promise<{ response: MetadataResponse; version: number }> {
    return this.#firstAnswer(async (broker, asking) => {
      let version = 0
      const body = (used: number): Encodable<MetadataRequest> => {
        version = used
        // Version 0 has no null: there an empty list asks for all topics.
        const topics = names === null ? (used === 0 ? [] : null) : names.map((name) => ({ name }))
        return { topics, ...(used >= 4 ? { allowAutoTopicCreation: mayCreate } : {}) }
      }
      const response = await broker.request('general', metadataApi, body, { signal: asking })
      return { response, version }
    }, signal)
  }

  #apply(
    response: MetadataResponse,
    version: number,
    requested: readonly string[],
  ): { topics: Map<string, TopicMetadata>; isChanged: boolean } {
    this.#closing.signal.throwIfAborted()
    if (response.errorCode === ERROR.REBOOTSTRAP_REQUIRED) this.#brokers.rebootstrap()
    if (response.errorCode !== ERROR.NONE || response.brokers.length === 0) {
      const [server] = this.#brokers.candidates()
      const reason =
        response.errorCode === ERROR.NONE
          ? 'the broker knows of no brokers yet'
          : brokerError(response.errorCode, { api: metadataApi.name }).message
      throw new ConnectionError(`no metadata: ${reason}`, server ?? { host: '', port: 0 })
    }
    const areBrokersChanged = this.#brokers.replace(response.brokers)
    const { topics, isChanged } = this.#cache.update(response, version, requested, (name) => this.#inUse.has(name))
    this.#settings.hooks?.metadata?.({
      clientId: this.#settings.clientId,
      clusterId: this.clusterId,
      brokerCount: response.brokers.length,
      topicCount: this.#cache.topicCount,
    })
    if (areBrokersChanged || isChanged) this.#notify()
    return { topics, isChanged: areBrokersChanged || isChanged }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }

  async #firstAnswer<T>(
    ask: (broker: Broker, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal = this.#closing.signal,
  ): Promise<T> {
    const preparing = this.#brokers.prepare()
    if (preparing !== undefined) await preparing
    return firstAnswer(this.#brokers.candidates(), signal, ask)
  }

  async #retry<T>(operation: string, wait: Wait, run: (deadline: Deadline, attempt: number) => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted()
    let running: Deadline | undefined
    try {
      return await retry(
        operation,
        wait,
        (deadline, attempt) => {
          running = deadline
          this.#waits.add(deadline)
          return run(deadline, attempt)
        },
        {
          backoff: this.#settings.retryBackoff,
          onDeadline: (lastError, timeout) => lateError(lastError, timeout, this.#brokers.candidates()),
        },
      )
    } finally {
      if (running !== undefined) this.#waits.delete(running)
    }
  }
}

function describe(what: string, names: readonly string[]): string {
  return names.length === 1 ? `${what} ${names[0]}` : `${names.length} ${what}s`
}

function byIds(topicIds: readonly string[], version: number): Encodable<MetadataRequest> {
  const topics = version < NAMELESS_TOPICS_SINCE ? null : topicIds.map((topicId) => ({ topicId, name: null }))
  return { topics, allowAutoTopicCreation: false }
}
