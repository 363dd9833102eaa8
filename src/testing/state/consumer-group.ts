import { ERROR } from '../../protocol/error-codes.ts'
import {
  AWAY_EPOCH,
  type ConsumerMember,
  has,
  type MemberTarget,
  NO_PARTITIONS,
  type PartitionsById,
} from './consumer-member.ts'
import { GroupFault } from './group-fault.ts'
import { serverAssignors, type Subscriber } from './server-assignors.ts'
import type { Topics } from './topics.ts'

/** Where a group stands (Java: ConsumerGroupState). */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/**
 * Members, epochs and the target assignment of one group of the consumer protocol (Java: ConsumerGroup, TargetAssignmentBuilder). What happens when
 * is up to ConsumerGroupCoordinator.
 */
export class ConsumerGroup {
  readonly id: string
  readonly members: Map<string, ConsumerMember> = new Map()
  /** Rises with each change of members, subscriptions or topics; 2 with the first member. */
  epoch = 1
  /** The epoch that the target was worked out for. */
  targetEpoch = 1
  assignorName = ''
  #target: Map<string, PartitionsById> = new Map()
  /** The topics that members subscribe to, as of the last look: their ids and numbers of partitions. */
  #topicsSeen = ''
  readonly #topics: Topics

  constructor(id: string, topics: Topics) {
    this.id = id
    this.#topics = topics
  }

  get state(): ConsumerGroupState {
    if (this.members.size === 0) return 'Empty'
    if (this.epoch > this.targetEpoch) return 'Assigning'
    const isSettled = [...this.members.values()].every(
      ({ state, epoch }) => state === 'stable' && epoch === this.targetEpoch,
    )
    return isSettled ? 'Stable' : 'Reconciling'
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    return [...this.members.values()].find((member) => member.instanceId === instanceId)
  }

  /** The member with this id. Throws UNKNOWN_MEMBER_ID. */
  member(memberId: string): ConsumerMember {
    const member = this.members.get(memberId)
    if (member !== undefined) return member
    throw new GroupFault(ERROR.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${this.id}.`)
  }

  /** The member that a request means. Throws UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID. */
  validMember(memberId: string, instanceId: string | null): ConsumerMember {
    if (instanceId === null) return this.member(memberId)
    const member = this.staticMember(instanceId)
    if (member === undefined) throw new GroupFault(ERROR.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`)
    if (member.memberId === memberId) return member
    const what = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${member.memberId}.`
    throw new GroupFault(ERROR.FENCED_INSTANCE_ID, what)
  }

  put(member: ConsumerMember): void {
    this.members.set(member.memberId, member)
  }

  /** Has a static member go on under another member id. */
  replace(old: ConsumerMember, member: ConsumerMember): void {
    const target = this.#target.get(old.memberId) ?? NO_PARTITIONS
    this.members.delete(old.memberId)
    this.#target.delete(old.memberId)
    this.members.set(member.memberId, member)
    this.#target.set(member.memberId, target)
  }

  remove(memberId: string): void {
    this.members.delete(memberId)
    this.#target.delete(memberId)
    this.epoch++
    if (this.members.size === 0) this.targetEpoch = this.epoch
  }

  /** Sets the target of a member that comes with what it has. */
  setTarget(memberId: string, partitions: PartitionsById): void {
    this.#target.set(memberId, partitions)
  }

  /**
   * Raises the epoch after a change, or if the topics that members subscribe to, or their partitions, are not what they were; and works out a
   * target if it is due.
   */
  refresh(isChanged = false): void {
    const seen = JSON.stringify([...this.#partitionCounts()])
    if (isChanged || seen !== this.#topicsSeen) this.epoch++
    this.#topicsSeen = seen
    if (this.epoch > this.targetEpoch) this.#assign()
  }

  target(memberId: string): MemberTarget {
    return {
      epoch: this.targetEpoch,
      partitions: this.#target.get(memberId) ?? NO_PARTITIONS,
      isTaken: (topicId, partition) =>
        [...this.members.values()].some(
          ({ assigned, revoking }) => has(assigned, topicId, partition) || has(revoking, topicId, partition),
        ),
    }
  }

  /** Whether partitions that the member waits for are still with others. */
  isWaitingFor(member: ConsumerMember): boolean {
    const { partitions, isTaken } = this.target(member.memberId)
    return [...partitions].some(([topicId, wanted]) =>
      [...wanted].some((partition) => !has(member.assigned, topicId, partition) && isTaken(topicId, partition)),
    )
  }

  /** The topics that a member subscribes to, as far as they exist. */
  topicIds({ topicNames, topicRegex }: ConsumerMember): string[] {
    const named = topicNames.flatMap((name) => this.#topics.get(name)?.id ?? [])
    if (topicRegex === '') return [...new Set(named)]
    const expression = compilePattern(topicRegex)
    const matching = this.#topics.all().filter(({ name }) => expression.test(name))
    return [...new Set([...named, ...matching.map(({ id }) => id)])]
  }

  #partitionCounts(): Map<string, number> {
    const ids = new Set([...this.members.values()].flatMap((member) => this.topicIds(member)).toSorted())
    return new Map(Array.from(ids, (id) => [id, this.#topics.byId(id)!.partitions.length]))
  }

  #assign(): void {
    const subscribers = Array.from(this.members.values(), (member): Subscriber => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicIds: this.topicIds(member),
      target: this.#target.get(member.memberId) ?? NO_PARTITIONS,
    }))
    this.assignorName = this.#preferredAssignor()
    this.#target = serverAssignors.get(this.assignorName)!(this.#partitionCounts(), subscribers)
    this.targetEpoch = this.epoch
  }

  /** What most members want; the first that there is when they do not say. */
  #preferredAssignor(): string {
    const votes = new Map<string, number>()
    for (const { serverAssignor, epoch } of this.members.values()) {
      if (serverAssignor === null || epoch === AWAY_EPOCH) continue
      votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
    }
    const [winner] = [...votes].toSorted((a, b) => b[1] - a[1])
    return winner?.[0] ?? [...serverAssignors.keys()][0]!
  }
}

/** A pattern in RE2 syntax, as far as JavaScript has the same, for whole names. Throws INVALID_REGULAR_EXPRESSION. */
export function compilePattern(pattern: string): RegExp {
  const isCaseless = pattern.startsWith('(?i)')
  try {
    return new RegExp(`^(?:${isCaseless ? pattern.slice('(?i)'.length) : pattern})$`, isCaseless ? 'i' : '')
  } catch (error) {
    const what = `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${String(error)}.`
    throw new GroupFault(ERROR.INVALID_REGULAR_EXPRESSION, what)
  }
}
