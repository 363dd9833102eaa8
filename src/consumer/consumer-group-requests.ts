import { UnsupportedVersionError } from '../errors.ts'
import type { Deadline } from '../network/wait.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  type ConsumerGroupHeartbeatTopicPartitions as TopicIdPartitions,
} from '../protocol/messages/68-consumer-group-heartbeat.ts'
import type { Encodable } from '../protocol/schema.ts'
import { type CoordinatorRequestOptions, type GroupCoordinator, LEAVING } from './coordinator.ts'
import type { GroupMembership } from './membership.ts'

/** What heartbeats are made of, besides what a member subscribes to and owns. */
export interface ConsumerRequestSettings {
  readonly groupInstanceId: string | undefined
  readonly clientRack: string | undefined
  /** The coordinator's assignor to use; undefined leaves it the choice. */
  readonly groupRemoteAssignor: string | undefined
  /** How long the coordinator waits for the member to let partitions go. */
  readonly maxPollIntervalMs: number
}

/** What a member tells of itself. A new object says that it has to be told again. */
export interface MemberReport {
  readonly topics: readonly string[]
  /** A regular expression in RE2 syntax. */
  readonly topicPattern: string | undefined
  readonly owned: readonly TopicIdPartitions[]
}

/** First version in which the member makes its id up, and in which there are patterns (KIP-1082, KIP-848). */
const OWN_ID_SINCE = 1
/** Epochs that say that the member joins, leaves, or leaves for a while only. */
const JOIN_EPOCH = 0
const LEAVE_EPOCH = -1
const LEAVE_STATIC_EPOCH = -2

const NO_KIP_848 = "set groupProtocol: 'classic', or have the cluster upgraded (group.version 1, Kafka 4.0 or later)"

/**
 * The heartbeats of a KIP-848 member, each one attempt: what has not changed since the last one that went well is left out (Java:
 * ConsumerHeartbeatRequestManager.HeartbeatState). They throw BrokerError for an error code.
 */
export class ConsumerRequests {
  readonly #coordinator: GroupCoordinator
  readonly #settings: ConsumerRequestSettings
  readonly #ownId = crypto.randomUUID()
  /** What the coordinator knows the member as; '' before it has answered. */
  #memberId = ''
  /** Undefined when all has to be told. */
  #told: MemberReport | undefined

  constructor(coordinator: GroupCoordinator, settings: ConsumerRequestSettings) {
    this.#coordinator = coordinator
    this.#settings = settings
  }

  get memberId(): string {
    return this.#memberId
  }

  /** The next heartbeat tells everything. */
  forget(): void {
    this.#told = undefined
  }

  /** Joins with epoch 0, and keeps the membership alive with others. */
  async heartbeat(
    memberEpoch: number,
    report: MemberReport,
    deadline: Deadline,
  ): Promise<ConsumerGroupHeartbeatResponse> {
    const told = memberEpoch === JOIN_EPOCH ? undefined : this.#told
    // Should the answer be lost, nobody knows what the coordinator was told.
    this.#told = undefined
    const response = await this.#send((version) => this.#body(version, memberEpoch, report, told), deadline)
    this.#memberId = response.memberId ?? this.#memberId
    this.#told = report
    return response
  }

  /** Static members keep their partitions for as long as a session lasts, unless they are to leave for good. */
  async leave(deadline: Deadline, to?: GroupMembership): Promise<void> {
    const isForGood = to === 'leave' || this.#settings.groupInstanceId === undefined
    const memberEpoch = isForGood ? LEAVE_EPOCH : LEAVE_STATIC_EPOCH
    this.#told = undefined
    await this.#send((version) => ({ ...this.#identity(version), memberEpoch }), deadline, LEAVING)
  }

  #identity(version: number): Pick<ConsumerGroupHeartbeatRequest, 'groupId' | 'memberId' | 'instanceId'> {
    const { groupInstanceId = null } = this.#settings
    // Under version 0 the coordinator gives the id.
    const memberId = version >= OWN_ID_SINCE && this.#memberId === '' ? this.#ownId : this.#memberId
    return { groupId: this.#coordinator.groupId, memberId, instanceId: groupInstanceId }
  }

  #body(
    version: number,
    memberEpoch: number,
    { topics, topicPattern, owned }: MemberReport,
    told: MemberReport | undefined,
  ): Encodable<ConsumerGroupHeartbeatRequest> {
    const { clientRack: rackId = null, groupRemoteAssignor: serverAssignor = null, maxPollIntervalMs } = this.#settings
    if (topicPattern !== undefined && version < OWN_ID_SINCE) throw noPatterns()
    const areNamesNew = told === undefined || told.topics.join() !== topics.join()
    const isPatternNew = told === undefined ? topicPattern !== undefined : told.topicPattern !== topicPattern
    return {
      ...this.#identity(version),
      memberEpoch,
      ...(told === undefined ? { rackId, serverAssignor, rebalanceTimeoutMs: maxPollIntervalMs } : {}),
      ...(areNamesNew ? { subscribedTopicNames: [...topics] } : {}),
      ...(isPatternNew ? { subscribedTopicRegex: topicPattern ?? '' } : {}),
      ...(told?.owned === owned ? {} : { topicPartitions: [...owned] }),
    }
  }

  async #send(
    body: (version: number) => Encodable<ConsumerGroupHeartbeatRequest>,
    deadline: Deadline,
    options: CoordinatorRequestOptions = {},
  ): Promise<ConsumerGroupHeartbeatResponse> {
    const { name: api, key } = consumerGroupHeartbeatApi
    let response: ConsumerGroupHeartbeatResponse
    try {
      response = await this.#coordinator.request('group', consumerGroupHeartbeatApi, body, deadline, options)
    } catch (error) {
      if (!(error instanceof UnsupportedVersionError) || error.broker !== undefined) throw error
      const { message, client, broker } = error
      throw new UnsupportedVersionError(`${message}; ${NO_KIP_848}`, { api, client, broker }, { cause: error })
    }
    const { errorCode, errorMessage } = response
    if (errorCode === ERROR.UNSUPPORTED_VERSION) {
      const what = `the cluster does not have the consumer group protocol of KIP-848 switched on (API ${key})`
      throw new UnsupportedVersionError(`${what}: ${NO_KIP_848}`, { api }, { cause: brokerError(errorCode, { api }) })
    }
    this.#coordinator.check(api, errorCode, {}, errorMessage ?? undefined)
    return response
  }
}

function noPatterns(): UnsupportedVersionError {
  const what = 'the coordinator matches no topic patterns (ConsumerGroupHeartbeat version 1, Kafka 4.0)'
  return new UnsupportedVersionError(`${what}: subscribe to a RegExp, which is matched here, or have it upgraded`, {
    api: consumerGroupHeartbeatApi.name,
    client: consumerGroupHeartbeatApi.request.versions,
    broker: { min: 0, max: 0 },
  })
}
