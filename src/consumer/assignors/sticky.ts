import { DecodeError } from '../../errors.ts'
import { decodeStickyUserData, encodeStickyUserData } from '../../protocol/sticky-user-data.ts'
import { groupByTopic } from '../topic-partition.ts'
import type { Assignor, LastAssignment } from './assignor.ts'
import { assignSticky } from './sticky-assignment.ts'
import type { StickyClaim } from './sticky-ownership.ts'

/**
 * Deals partitions out evenly and leaves as many as possible where they were. For the eager protocol: members give
 * everything up before they join, and say in their user data what they had (Java's StickyAssignor).
 */
export const stickyAssignor: Assignor = {
  name: 'sticky',
  assign: (topics, members) => assignSticky(topics, members, ({ userData }) => claimIn(userData), 'at-once'),
  userData: (last) => (last === undefined ? null : encodeStickyUserData(toUserData(last))),
}

const NOTHING: StickyClaim = { partitions: [], generationId: -1 }

/** Nothing is claimed in user data that cannot be read: one odd member must not keep the group from its partitions. */
function claimIn(userData: Uint8Array | null): StickyClaim {
  if (userData === null || userData.length === 0) return NOTHING
  try {
    const { previousAssignment, generation } = decodeStickyUserData(userData)
    return {
      partitions: previousAssignment.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
      generationId: generation,
    }
  } catch (error) {
    if (error instanceof DecodeError) return NOTHING
    throw error
  }
}

function toUserData({ partitions, generationId }: LastAssignment): Parameters<typeof encodeStickyUserData>[0] {
  return {
    previousAssignment: Array.from(groupByTopic(partitions), ([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition }) => partition),
    })),
    generation: generationId,
  }
}
