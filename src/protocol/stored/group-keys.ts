import { message, string, type Message } from '../schema.ts'

/** Key of what is stored once for a group. */
export interface GroupKey {
  groupId: string
}

export const groupKey: Message<GroupKey> = message<GroupKey>({
  name: 'GroupKey',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { groupId: string },
})

/** Key of what is stored once for a member of a group. */
export interface GroupMemberKey {
  groupId: string
  memberId: string
}

export const groupMemberKey: Message<GroupMemberKey> = message<GroupMemberKey>({
  name: 'GroupMemberKey',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: null,
  fields: { groupId: string, memberId: string },
})
