import { describe, expect, it } from 'vitest'
import type { AssignorMember, AssignorTopic } from '../../../src/consumer/assignors/assignor.ts'
import { cooperativeStickyAssignor } from '../../../src/consumer/assignors/cooperative-sticky.ts'
import { stickyAssignor } from '../../../src/consumer/assignors/sticky.ts'
import { encodeCooperativeStickyUserData, encodeStickyUserData } from '../../../src/protocol/sticky-user-data.ts'
import { byMember, newMember } from './sticky-worlds.ts'

function topic(name: string, partitionCount: number): AssignorTopic {
  return { name, partitionRacks: Array.from({ length: partitionCount }, () => []) }
}

function partitions(...keys: string[]): { topic: string; partition: number }[] {
  return keys.map((key) => ({ topic: key.slice(0, 1), partition: Number(key.slice(2)) }))
}

/** A member that says in the user data of the sticky assignor what it had. */
function eager(memberId: string, owned: string[], generationId: number, topics = ['t']): AssignorMember {
  const userData = stickyAssignor.userData!({ partitions: partitions(...owned), generationId })
  return newMember(memberId, { topics, userData })
}

/** A member that still has what it owns. */
function cooperative(memberId: string, owned: string[], generationId: number, topics = ['t']): AssignorMember {
  return newMember(memberId, { topics, ownedPartitions: partitions(...owned), generationId })
}

function eagerly(topics: AssignorTopic[], ...members: AssignorMember[]): Record<string, string[]> {
  return byMember(stickyAssignor.assign(topics, members))
}

function cooperatively(topics: AssignorTopic[], ...members: AssignorMember[]): Record<string, string[]> {
  return byMember(cooperativeStickyAssignor.assign(topics, members))
}

describe('the sticky assignor', () => {
  it('is for the eager protocol, under the name that Java gives it', () => {
    expect(stickyAssignor.name).toBe('sticky')
    expect(stickyAssignor.isCooperative).toBeUndefined()
  })

  it('has members say nothing before they were assigned something', () => {
    expect(stickyAssignor.userData!(undefined)).toBeNull()
    expect(stickyAssignor.userData!({ partitions: partitions('t-1', 'u-0', 't-0'), generationId: 7 })).toEqual(
      encodeStickyUserData({
        previousAssignment: [
          { topic: 't', partitions: [1, 0] },
          { topic: 'u', partitions: [0] },
        ],
        generation: 7,
      }),
    )
  })

  it('leaves members what they had, and gives a new one its share', () => {
    const members = [
      eager('a', ['t-0', 't-3', 't-5'], 1),
      eager('b', ['t-1', 't-2', 't-4'], 1),
      newMember('c', { topics: ['t'] }),
    ]
    expect(eagerly([topic('t', 6)], ...members)).toEqual({ a: ['t-0', 't-3'], b: ['t-1', 't-2'], c: ['t-4', 't-5'] })
  })

  it('takes no heed of user data that cannot be read', () => {
    const odd = newMember('b', { topics: ['t'], userData: Uint8Array.of(0, 0, 0, 9) })
    const empty = newMember('c', { topics: ['t'], userData: new Uint8Array(0) })
    expect(eagerly([topic('t', 3)], eager('a', ['t-2'], 1), odd, empty)).toEqual({ a: ['t-2'], b: ['t-0'], c: ['t-1'] })
  })

  it('reads user data without a generation', () => {
    const userData = encodeStickyUserData({ previousAssignment: [{ topic: 't', partitions: [1] }] }, 0)
    const old = newMember('a', { topics: ['t'], userData })
    expect(eagerly([topic('t', 2)], old, newMember('b', { topics: ['t'] }))).toEqual({ a: ['t-1'], b: ['t-0'] })
  })

  it('does not read what members own, which is nothing under the eager protocol', () => {
    const member = cooperative('b', ['t-0'], 1)
    expect(eagerly([topic('t', 2)], newMember('a', { topics: ['t'] }), member)).toEqual({ a: ['t-0'], b: ['t-1'] })
  })

  it('believes the member of the later generation when two claim the same partition', () => {
    const claims = [eager('a', ['t-1'], 3), eager('b', ['t-1'], 4), eager('c', ['t-1'], 2)]
    expect(eagerly([topic('t', 3)], ...claims)).toMatchObject({ b: ['t-1'] })
    expect(eagerly([topic('t', 3)], ...claims.toReversed())).toMatchObject({ b: ['t-1'] })
  })

  it('believes nobody when two claim the same partition in the same generation', () => {
    const assignment = eagerly([topic('t', 2)], eager('a', ['t-1'], 3), eager('b', ['t-1'], 3), eager('c', ['t-1'], 2))
    expect(assignment).toEqual({ a: ['t-0'], b: ['t-1'], c: [] })
  })

  it('believes a later generation over two that claim the same partition', () => {
    const claims = [eager('a', ['t-1'], 2), eager('b', ['t-1'], 2), eager('c', ['t-1'], 3)]
    expect(eagerly([topic('t', 3)], ...claims)).toMatchObject({ c: ['t-1'] })
  })

  it('believes no claim on partitions that are not there', () => {
    const assignment = eagerly(
      [topic('t', 2)],
      eager('a', ['t-5', 'x-0', 't-1', 't-1'], 1),
      newMember('b', { topics: ['t'] }),
    )
    expect(assignment).toEqual({ a: ['t-1'], b: ['t-0'] })
  })

  it('takes partitions of a topic from a member that no longer subscribes to it', () => {
    const a = eager('a', ['t-0', 't-1', 'u-0'], 1, ['u'])
    expect(eagerly([topic('t', 2), topic('u', 1)], a, newMember('b', { topics: ['t'] }))).toEqual({
      a: ['u-0'],
      b: ['t-0', 't-1'],
    })
  })

  it('never gives a partition back to a former owner that does not subscribe any more', () => {
    // `old` had the whole topic once; it has least to do, and the one who has the topic now has most.
    const old = eager('old', ['t-0', 't-1', 't-2', 't-3'], 1, ['u'])
    const now = eager('now', ['t-0', 't-1', 't-2', 't-3'], 2, ['t'])
    expect(eagerly([topic('t', 4), topic('u', 1)], old, now)).toEqual({
      old: ['u-0'],
      now: ['t-0', 't-1', 't-2', 't-3'],
    })
  })

  it('prefers the former owner when a partition has to move', () => {
    const members = [
      eager('a', [], 2, ['t']),
      eager('b', ['t-0', 't-1', 't-2'], 2, ['t']),
      eager('former', ['t-0', 't-1', 't-2'], 1, ['t', 'u']),
    ]
    const assignment = eagerly([topic('t', 3)], ...members)
    expect(assignment['former']).toEqual(['t-0'])
  })

  it('prefers the latest of several former owners', () => {
    const assignment = eagerly(
      [topic('t', 3)],
      eager('a', ['t-0', 't-1', 't-2'], 2, ['t', 'u']),
      eager('b', ['t-0', 't-1', 't-2'], 3, ['t']),
      eager('c', ['t-0', 't-1', 't-2'], 1, ['t']),
    )
    expect(assignment).toEqual({ a: ['t-0'], b: ['t-2'], c: ['t-1'] })
  })

  it('gives partitions to members near to a replica as far as the balance allows', () => {
    const racks = [['east'], ['west'], ['west'], ['west']]
    const east = newMember('a', { topics: ['t'], rackId: 'east' })
    const west = newMember('b', { topics: ['t'], rackId: 'west' })
    expect(eagerly([{ name: 't', partitionRacks: racks }], east, west)).toEqual({
      a: ['t-0', 't-3'],
      b: ['t-1', 't-2'],
    })
  })

  it('moves partitions near to a replica, whoever had them', () => {
    const topics = [{ name: 't', partitionRacks: [['east'], ['west']] }]
    const east = { ...eager('a', ['t-1'], 1), rackId: 'east' }
    const west = { ...eager('b', ['t-0'], 1), rackId: 'west' }
    expect(eagerly(topics, east, west)).toEqual({ a: ['t-0'], b: ['t-1'] })
  })

  it('goes around from the first member again with what is near to nobody', () => {
    const partitionRacks = [['east'], [], [], [], [], []]
    const members = ['a', 'b', 'c'].map((id) => newMember(id, { topics: ['t'], rackId: id === 'c' ? 'west' : 'east' }))
    expect(eagerly([{ name: 't', partitionRacks }], ...members)).toEqual({
      a: ['t-0', 't-1'],
      b: ['t-2', 't-4'],
      c: ['t-3', 't-5'],
    })
  })

  it('takes an empty rack for none', () => {
    const topics = [{ name: 't', partitionRacks: [['east'], ['west']] }]
    const nowhere = { ...eager('a', ['t-0'], 1), rackId: '' }
    const east = { ...eager('b', ['t-1'], 1), rackId: 'east' }
    // The member that is nowhere is not far from what it has, so it keeps that.
    expect(eagerly(topics, nowhere, east)).toEqual({ a: ['t-0'], b: ['t-1'] })
  })

  it('gives each of many members an entry when there is nothing to deal out', () => {
    expect(eagerly([], newMember('a', { topics: ['t'] }), newMember('b'))).toEqual({ a: [], b: [] })
    expect(eagerly([topic('t', 1)])).toEqual({})
  })

  it('deals nothing to a member without a subscription', () => {
    expect(eagerly([topic('t', 2)], newMember('a'), newMember('b', { topics: ['t', 't'] }))).toEqual({
      a: [],
      b: ['t-0', 't-1'],
    })
  })
})

describe('the cooperative sticky assignor', () => {
  it('is for the cooperative protocol, under the name that Java gives it', () => {
    expect(cooperativeStickyAssignor.name).toBe('cooperative-sticky')
    expect(cooperativeStickyAssignor.isCooperative).toBe(true)
  })

  it('has members say in which generation they got what they own', () => {
    const userData = cooperativeStickyAssignor.userData!.bind(cooperativeStickyAssignor)
    expect(userData(undefined)).toEqual(encodeCooperativeStickyUserData({ generation: -1 }))
    expect(userData({ partitions: [], generationId: 4 })).toEqual(encodeCooperativeStickyUserData({ generation: 4 }))
  })

  it('takes partitions away in one rebalance and hands them out in the next', () => {
    const topics = [topic('t', 4)]
    const joining = newMember('b', { topics: ['t'] })
    const first = cooperatively(topics, cooperative('a', ['t-0', 't-1', 't-2', 't-3'], 1), joining)
    expect(first).toEqual({ a: ['t-0', 't-1'], b: [] })
    const second = cooperatively(topics, cooperative('a', ['t-0', 't-1'], 2), cooperative('b', [], 2))
    expect(second).toEqual({ a: ['t-0', 't-1'], b: ['t-2', 't-3'] })
  })

  it('hands partitions that nobody owned out at once', () => {
    const assignment = cooperatively([topic('t', 4)], cooperative('a', ['t-0', 't-1'], 1), cooperative('b', [], 1))
    expect(assignment).toEqual({ a: ['t-0', 't-1'], b: ['t-2', 't-3'] })
  })

  it('waits for a member to give up partitions of a topic that it no longer subscribes to', () => {
    const topics = [topic('t', 2), topic('u', 2)]
    const a = cooperative('a', ['t-0', 't-1'], 1, ['u'])
    expect(cooperatively(topics, a, newMember('b', { topics: ['t'] }))).toEqual({ a: ['u-0', 'u-1'], b: [] })
  })

  it('has both members give up a partition that they claim in the same generation', () => {
    const assignment = cooperatively([topic('t', 2)], cooperative('a', ['t-0', 't-1'], 3), cooperative('b', ['t-0'], 3))
    expect(assignment).toEqual({ a: ['t-1'], b: [] })
  })

  it('takes the generation from the user data of members that cannot say it otherwise', () => {
    const userData = encodeCooperativeStickyUserData({ generation: 5 })
    const a = { ...cooperative('a', ['t-0'], -1), userData }
    const assignment = cooperatively([topic('t', 2)], a, cooperative('b', ['t-0', 't-1'], 4))
    expect(assignment).toEqual({ a: ['t-0'], b: ['t-1'] })
  })

  it('takes user data that cannot be read for an unknown generation', () => {
    const a = { ...cooperative('a', ['t-0'], -1), userData: Uint8Array.of(5) }
    const assignment = cooperatively([topic('t', 2)], a, cooperative('b', ['t-0', 't-1'], 0))
    expect(assignment).toEqual({ a: [], b: ['t-0'] })
  })
})
