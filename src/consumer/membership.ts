import type { Backoff } from '../network/retry.ts'
import type { Wait } from '../network/wait.ts'
import type { CommitIdentity } from './committed-offsets.ts'
import type { TopicPartition } from './topic-partition.ts'

/** What the loop that reads the consumer is at: `idle` when there is none, `leaving` while partitions go for good. */
export type LoopActivity = 'waiting' | 'handling' | 'idle' | 'leaving'

/** What a group needs of its consumer. */
export interface GroupHost {
  /** What to subscribe to by name; none while it is not known which topics match. */
  readonly topics: readonly string[]
  /** What the coordinator is to match topics with (KIP-848), instead of names. */
  readonly topicPattern: string | undefined
  readonly activity: LoopActivity
  /** Rises with each record, or batch, that the loop asks for. */
  readonly pollCount: number
  /** What is assigned now. */
  readonly partitions: readonly TopicPartition[]
  /** These partitions go back to the group: commits what was handled, tells the listener, forgets them. */
  revoke(partitions: readonly TopicPartition[]): Promise<void>
  /** All partitions are gone already: nothing may be committed for them. */
  lose(): Promise<void>
  /** Reads these partitions and no others; those that it has go on as they are. */
  assign(partitions: readonly TopicPartition[]): Promise<void>
  /** Something that the loop has to be told; it is thrown there. */
  report(error: unknown): void
  /** The group's state changed. */
  changed(): void
}

/** How a member behaves, whatever the protocol. */
export interface MemberSettings {
  readonly groupInstanceId: string | undefined
  readonly clientRack: string | undefined
  readonly maxPollIntervalMs: number
  readonly requestTimeoutMs: number
  readonly retryBackoff: Backoff
}

/** What becomes of a membership in the end: given up, or kept for as long as a session lasts (Java: CloseOptions.GroupMembershipOperation). */
export type GroupMembership = 'leave' | 'remain'

/** A member of a group, as its consumer sees it: the classic protocol and that of KIP-848 differ behind it. One use: after `leave` it is over. */
export interface Membership {
  /** Whether records may be handed out: the partitions are the member's own, and none is about to go. */
  readonly mayDeliver: boolean
  /** Whether a rebalance is under way, to its very end for this member. */
  readonly isRebalancing: boolean
  /** In whose name offsets can be committed; undefined while the member has no partitions of its own. */
  readonly identity: CommitIdentity | undefined
  /** In whose name committed offsets are asked for; undefined when nobody's will do. */
  readonly readerIdentity: CommitIdentity | undefined
  /** Whether the member is on its way to a newer identity, and has kept the partitions of this one. */
  isJoiningFrom(identity: CommitIdentity): boolean
  /** To be called while no record is in the loop's hand: joins the group, or does what waits for that. Throws when the member cannot go on. */
  poll(): void
  /** To be called when the loop has ended. */
  onLoopEnd(): void
  /** What the member subscribes to, or what its assignor goes by, has changed. */
  rejoin(reason: string): void
  /** A request in the name of `identity` failed: what that says about the membership. */
  onError(error: unknown, identity: CommitIdentity): void
  /** Is done with the group within a time. Unless told, dynamic members leave it and static ones remain in it. Never rejects. */
  leave(wait: Wait, reason: string, to?: GroupMembership): Promise<void>
}
