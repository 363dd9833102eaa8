import { DecodeError } from '../../errors.ts'
import { decodeCooperativeStickyUserData, encodeCooperativeStickyUserData } from '../../protocol/sticky-user-data.ts'
import type { Assignor, AssignorMember } from './assignor.ts'
import { assignSticky } from './sticky-assignment.ts'

/**
 * Deals partitions out as the sticky assignor does, for members that keep theirs while they join. A partition that
 * changes its owner is left out until a following rebalance, which the owner asks for when it has given the partition up
 * (KIP-429, Java's CooperativeStickyAssignor).
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  assign: (topics, members) =>
    assignSticky(
      topics,
      members,
      (member) => ({ partitions: member.ownedPartitions, generationId: generationOf(member) }),
      'after-release',
    ),
  userData: (last) => encodeCooperativeStickyUserData({ generation: last?.generationId ?? -1 }),
}

/** Members whose subscription is older than version 2 say it in their user data. */
function generationOf({ generationId, userData }: AssignorMember): number {
  if (generationId >= 0 || userData === null) return generationId
  try {
    return decodeCooperativeStickyUserData(userData).generation
  } catch (error) {
    if (error instanceof DecodeError) return -1
    throw error
  }
}
