import { randomUUID } from 'node:crypto'
import { ERROR } from '../../protocol/error-codes.ts'
import type { JoinGroupRequest, JoinGroupResponse } from '../../protocol/messages/11-join-group.ts'
import type { SyncGroupResponse } from '../../protocol/messages/14-sync-group.ts'

/** An assignor that a member can run, and what the member tells the leader about itself. */
export type GroupProtocol = JoinGroupRequest['protocols'][number]

/** A JoinGroup answer; what is left out has its default. */
export type JoinAnswer = Partial<JoinGroupResponse>

/** A SyncGroup answer; what is left out has its default. */
export type SyncAnswer = Partial<SyncGroupResponse>

/** Where a group stands (Java: ClassicGroupState). A dead group was replaced after its coordinator went down. */
export type GroupState = 'empty' | 'preparing-rebalance' | 'completing-rebalance' | 'stable' | 'dead'

const STATES_BEFORE: Readonly<Record<GroupState, readonly GroupState[]>> = {
  empty: ['preparing-rebalance'],
  'preparing-rebalance': ['stable', 'completing-rebalance', 'empty'],
  'completing-rebalance': ['preparing-rebalance'],
  stable: ['completing-rebalance'],
  dead: ['empty', 'preparing-rebalance', 'completing-rebalance', 'stable', 'dead'],
}

/** One member of a group (Java: ClassicGroupMember). */
export interface GroupMember {
  memberId: string
  /** Set for a static member (KIP-345). */
  instanceId: string | null
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  protocolType: string
  /** The one liked best first. */
  protocols: GroupProtocol[]
  assignment: Uint8Array
  /** Whether it has not been in any generation yet. */
  isNew: boolean
  /** Answers the JoinGroup request that waits for the others. */
  answerJoin: ((answer: JoinAnswer) => void) | undefined
  /** Answers the SyncGroup request that waits for the leader. */
  answerSync: ((answer: SyncAnswer) => void) | undefined
}

const NO_ASSIGNMENT = new Uint8Array(0)

/**
 * Members, generation and state of one classic consumer group (Java: ClassicGroup). What happens when is up to
 * GroupCoordinator.
 */
export class Group {
  readonly id: string
  readonly members: Map<string, GroupMember> = new Map()
  /** Member ids that were handed out and have not joined yet (KIP-394). */
  readonly pendingMembers: Set<string> = new Set()
  /** Members of this generation that have not sent SyncGroup yet. */
  readonly pendingSync: Set<string> = new Set()
  state: GroupState = 'empty'
  previousState: GroupState = 'empty'
  generationId = 0
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  /** Whether a member came while the first rebalance is being delayed. */
  hasNewMember = false
  readonly #staticMembers = new Map<string, string>()

  constructor(id: string) {
    this.id = id
  }

  isIn(...states: GroupState[]): boolean {
    return states.includes(this.state)
  }

  canRebalance(): boolean {
    return STATES_BEFORE['preparing-rebalance'].includes(this.state)
  }

  moveTo(state: GroupState): void {
    if (!STATES_BEFORE[state].includes(this.state)) {
      throw new Error(`group ${this.id} cannot go from ${this.state} to ${state}`)
    }
    this.previousState = this.state
    this.state = state
  }

  newMemberId(clientId: string | null, instanceId: string | null): string {
    return `${instanceId ?? clientId ?? ''}-${randomUUID()}`
  }

  /** Member id of a static member. */
  staticMember(instanceId: string): string | undefined {
    return this.#staticMembers.get(instanceId)
  }

  /** The error code for a request of this member, 0 when it belongs to the group. */
  memberError(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const known = this.#staticMembers.get(instanceId)
      if (known === undefined) return ERROR.UNKNOWN_MEMBER_ID
      if (known !== memberId) return ERROR.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? ERROR.NONE : ERROR.UNKNOWN_MEMBER_ID
  }

  /** Whether a member of this type and these protocols has one in common with all others. */
  supports(protocolType: string, protocols: readonly GroupProtocol[]): boolean {
    if (this.state === 'empty') return protocolType !== '' && protocols.length > 0
    return protocolType === this.protocolType && protocols.some(({ name }) => this.#isSharedByAll(name))
  }

  #isSharedByAll(name: string): boolean {
    return [...this.members.values()].every(({ protocols }) => protocols.some((protocol) => protocol.name === name))
  }

  add(member: GroupMember): void {
    if (this.members.size === 0) this.protocolType = member.protocolType
    if (member.instanceId !== null) this.#staticMembers.set(member.instanceId, member.memberId)
    this.members.set(member.memberId, member)
    this.leaderId ??= member.memberId
    this.pendingMembers.delete(member.memberId)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    this.members.delete(memberId)
    if (member !== undefined && member.instanceId !== null) this.#staticMembers.delete(member.instanceId)
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null
    this.pendingMembers.delete(memberId)
    this.pendingSync.delete(memberId)
  }

  /** Gives a static member that came back a new id; what the old one waits for is answered with FENCED_INSTANCE_ID. */
  replaceStaticMember(instanceId: string, memberId: string): GroupMember {
    const old = this.members.get(this.#staticMembers.get(instanceId)!)!
    this.answerJoin(old, { memberId: old.memberId, errorCode: ERROR.FENCED_INSTANCE_ID })
    this.answerSync(old, { errorCode: ERROR.FENCED_INSTANCE_ID })
    this.members.delete(old.memberId)
    const member: GroupMember = { ...old, memberId, isNew: false }
    this.members.set(memberId, member)
    this.#staticMembers.set(instanceId, memberId)
    if (this.leaderId === old.memberId) this.leaderId = memberId
    return member
  }

  /** Answers the join of a member, if it waits for one. */
  answerJoin(member: GroupMember, answer: JoinAnswer): void {
    const send = member.answerJoin
    member.answerJoin = undefined
    send?.(answer)
  }

  /** Answers the sync of a member. Says whether it waited for one. */
  answerSync(member: GroupMember, answer: SyncAnswer): boolean {
    const send = member.answerSync
    member.answerSync = undefined
    send?.(answer)
    return send !== undefined
  }

  hasAllMembersJoined(): boolean {
    return this.pendingMembers.size === 0 && this.notJoined().length === 0
  }

  /** Members that have not joined the rebalance that is being prepared. */
  notJoined(): GroupMember[] {
    return [...this.members.values()].filter((member) => member.answerJoin === undefined)
  }

  /** Sees to it that the leader is a member that has joined; false when no member has. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false
    if (this.members.get(this.leaderId)?.answerJoin !== undefined) return true
    const joined = [...this.members.values()].find((member) => member.answerJoin !== undefined)
    if (joined === undefined) return false
    this.leaderId = joined.memberId
    return true
  }

  /** How long the slowest member may take to join again. */
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map((member) => member.rebalanceTimeoutMs))
  }

  /** Every member votes for the first of its protocols that all support; the one with most votes is taken. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => this.#isSharedByAll(name))!.name
      votes.set(choice, (votes.get(choice) ?? 0) + 1)
    }
    return [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best))[0]
  }

  /** Ends the joining: with members the next generation is theirs to assign, without any the group is empty. */
  beginGeneration(): void {
    this.generationId++
    this.pendingSync.clear()
    if (this.members.size === 0) {
      this.protocolName = null
      this.moveTo('empty')
    } else {
      this.protocolName = this.selectProtocol()
      this.moveTo('completing-rebalance')
    }
  }

  /** The members as the leader is told of them. */
  describeMembers(): JoinGroupResponse['members'] {
    return [...this.members.values()].map(({ memberId, instanceId, protocols }) => ({
      memberId,
      groupInstanceId: instanceId,
      metadata: protocols.find(({ name }) => name === this.protocolName)?.metadata ?? NO_ASSIGNMENT,
    }))
  }

  /** A JoinGroup answer with the current generation. Only the leader gets the members. */
  joinAnswer(memberId: string): JoinAnswer {
    return {
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader: this.leaderId ?? '',
      memberId,
      members: memberId === this.leaderId ? this.describeMembers() : [],
    }
  }
}

/** Whether a member sends the same protocols as before, so that nothing has to be assigned anew. */
export function sameProtocols(a: readonly GroupProtocol[], b: readonly GroupProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, i) => name === b[i]!.name && Buffer.compare(metadata, b[i]!.metadata) === 0)
  )
}
