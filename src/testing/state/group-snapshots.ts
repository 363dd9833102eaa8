import { Group } from './group.ts'

/**
 * What a coordinator keeps of each group in the offsets topic, so that the next coordinator can go on: the group as it
 * was when it last became stable or empty.
 */
export class GroupSnapshots {
  readonly #groups = new Map<string, Group>()

  take(group: Group): void {
    this.#groups.set(group.id, copy(group))
  }

  delete(groupId: string): void {
    this.#groups.delete(groupId)
  }

  /** The group as it was kept; undefined when it never got that far. */
  restore(groupId: string): Group | undefined {
    const kept = this.#groups.get(groupId)
    return kept === undefined ? undefined : copy(kept)
  }
}

function copy(group: Group): Group {
  const twin = new Group(group.id)
  for (const member of group.members.values()) {
    twin.add({ ...member, isNew: false, answerJoin: undefined, answerSync: undefined })
  }
  twin.state = group.state
  twin.previousState = group.previousState
  twin.generationId = group.generationId
  twin.protocolType = group.protocolType
  twin.protocolName = group.protocolName
  twin.leaderId = group.leaderId
  return twin
}
