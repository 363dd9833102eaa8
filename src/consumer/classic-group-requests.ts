import { ERROR } from '../protocol/error-codes.ts'
import { joinGroupApi, type JoinGroupProtocol, type JoinGroupResponse } from '../protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../protocol/messages/13-leave-group.ts'
import { syncGroupApi, type SyncGroupAssignment } from '../protocol/messages/14-sync-group.ts'
import type { Deadline } from '../network/wait.ts'
import type { CommitIdentity } from './committed-offsets.ts'
import { type GroupCoordinator, LEAVING } from './coordinator.ts'

/** What consumers call their kind of group; Kafka Connect, for one, has another. */
const PROTOCOL_TYPE = 'consumer'

/** How much longer than the rebalance itself the answer to a JoinGroup may take (Java: JOIN_GROUP_TIMEOUT_LAPSE). */
const JOIN_LAPSE_MS = 5_000

/** Longest reason that is told (KIP-800; Java: JoinGroupRequest.maybeTruncateReason). */
const MAX_REASON_LENGTH = 255

/** What requests of a member are made of. */
export interface ClassicRequestSettings {
  readonly groupInstanceId: string | undefined
  readonly sessionTimeoutMs: number
  /** How long the coordinator waits for members to rejoin: as long as they may take over a record. */
  readonly rebalanceTimeoutMs: number
  readonly requestTimeoutMs: number
}

/** A member within one generation of its group. */
export interface Generation extends CommitIdentity {
  readonly protocolName: string
}

/** The requests of a classic group's member, each one attempt. They throw BrokerError for an error code. */
export class ClassicRequests {
  readonly #coordinator: GroupCoordinator
  readonly #settings: ClassicRequestSettings

  constructor(coordinator: GroupCoordinator, settings: ClassicRequestSettings) {
    this.#coordinator = coordinator
    this.#settings = settings
  }

  /** Longest time that a JoinGroup may stay unanswered. */
  get joinTimeoutMs(): number {
    const { rebalanceTimeoutMs, requestTimeoutMs } = this.#settings
    return Math.max(requestTimeoutMs, Math.min(rebalanceTimeoutMs + JOIN_LAPSE_MS, 0x7fffffff))
  }

  /** Waits for the generation to be complete. A new member is given its id in a first round (KIP-394): `onMemberId` gets it. */
  async join(
    memberId: string,
    protocols: readonly JoinGroupProtocol[],
    reason: string,
    deadline: Deadline,
    onMemberId: (memberId: string) => void,
  ): Promise<JoinGroupResponse> {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings
    const groupInstanceId = this.#instanceId
    const response = await this.#coordinator.request(
      'group',
      joinGroupApi,
      {
        groupId: this.#coordinator.groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocols,
        reason: reason.slice(0, MAX_REASON_LENGTH),
      },
      deadline,
      { timeoutMs: this.joinTimeoutMs },
    )
    if (response.errorCode === ERROR.MEMBER_ID_REQUIRED && memberId === '') {
      onMemberId(response.memberId)
      return this.join(response.memberId, protocols, reason, deadline, onMemberId)
    }
    this.#coordinator.check('JoinGroup', response.errorCode)
    this.#checkType('JoinGroup', response.protocolType)
    onMemberId(response.memberId)
    return response
  }

  /** Hands in the leader's assignments, none for other members, and returns this member's own. */
  async sync(
    generation: Generation,
    assignments: readonly SyncGroupAssignment[],
    deadline: Deadline,
  ): Promise<Uint8Array> {
    const { generationId, memberId, groupInstanceId, protocolName } = generation
    const response = await this.#coordinator.request(
      'group',
      syncGroupApi,
      {
        groupId: this.#coordinator.groupId,
        generationId,
        memberId,
        groupInstanceId,
        protocolType: PROTOCOL_TYPE,
        protocolName,
        assignments,
      },
      deadline,
      // The leader may be as slow as members may be to join.
      { timeoutMs: this.joinTimeoutMs },
    )
    this.#coordinator.check('SyncGroup', response.errorCode)
    this.#checkType('SyncGroup', response.protocolType)
    if (response.protocolName !== null && response.protocolName !== '' && response.protocolName !== protocolName) {
      this.#coordinator.check('SyncGroup', ERROR.INCONSISTENT_GROUP_PROTOCOL)
    }
    return response.assignment
  }

  async heartbeat({ generationId, memberId, groupInstanceId }: CommitIdentity, deadline: Deadline): Promise<void> {
    const { groupId } = this.#coordinator
    const body = { groupId, generationId, memberId, groupInstanceId }
    const response = await this.#coordinator.request('group', heartbeatApi, body, deadline)
    this.#coordinator.check('Heartbeat', response.errorCode)
  }

  async leave(memberId: string, reason: string, deadline: Deadline): Promise<void> {
    const { groupId } = this.#coordinator
    const groupInstanceId = this.#instanceId
    const response = await this.#coordinator.request(
      // Not the group's connection, where a JoinGroup may be waiting for its answer.
      'general',
      leaveGroupApi,
      (version) =>
        version < 3
          ? { groupId, memberId }
          : { groupId, members: [{ memberId, groupInstanceId, reason: reason.slice(0, MAX_REASON_LENGTH) }] },
      deadline,
      LEAVING,
    )
    this.#coordinator.check('LeaveGroup', response.errorCode)
    for (const { errorCode } of response.members) this.#coordinator.check('LeaveGroup', errorCode)
  }

  get #instanceId(): string | null {
    return this.#settings.groupInstanceId ?? null
  }

  /** Older brokers do not say. */
  #checkType(api: string, protocolType: string | null): void {
    if (protocolType === null || protocolType === '' || protocolType === PROTOCOL_TYPE) return
    this.#coordinator.check(api, ERROR.INCONSISTENT_GROUP_PROTOCOL)
  }
}
