import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AssignorMember } from '../../../src/consumer/assignors/assignor.ts'
import { cooperativeStickyAssignor } from '../../../src/consumer/assignors/cooperative-sticky.ts'
import { stickyAssignor } from '../../../src/consumer/assignors/sticky.ts'
import {
  afterwards,
  type Assignment,
  byMember,
  claimingWorlds,
  freshWorlds,
  keysOf,
  wantedPartitions,
  type World,
  type WorldShape,
} from './sticky-worlds.ts'

const parameters = { numRuns: Number(process.env['KAFKAWIRE_FUZZ_RUNS'] ?? 300) }

/** What the sticky assignor deals out when members say in their user data what they had. */
function assignEagerly({ topics, members }: World): Assignment {
  const joining = members.map((member): AssignorMember => ({
    ...member,
    ownedPartitions: [],
    userData: stickyAssignor.userData!({ partitions: member.ownedPartitions, generationId: member.generationId }),
  }))
  return stickyAssignor.assign(topics, joining)
}

function assignCooperatively({ topics, members }: World): Assignment {
  return cooperativeStickyAssignor.assign(topics, members)
}

function loadsOf(assignment: Assignment): number[] {
  return [...assignment.values()].map(({ length }) => length)
}

describe('the sticky assignor', () => {
  it('gives every partition to exactly one of its subscribers, whatever members claim', () => {
    fc.assert(
      fc.property(claimingWorlds({ hasRacks: true }), (world) => {
        const assignment = assignEagerly(world)
        expect([...assignment.values()].flatMap(keysOf).toSorted()).toEqual(wantedPartitions(world))
        for (const { memberId, topics } of world.members) {
          for (const { topic } of assignment.get(memberId)!) expect(topics).toContain(topic)
        }
      }),
      parameters,
    )
  })

  it('gives no two members with equal subscriptions numbers that differ by more than one', () => {
    fc.assert(
      fc.property(claimingWorlds({ hasEqualSubscriptions: true, hasRacks: true }), (world) => {
        const loads = loadsOf(assignEagerly(world))
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
      }),
      parameters,
    )
  })

  it('leaves no partition with a member when a subscriber has two less', () => {
    fc.assert(
      fc.property(claimingWorlds({ hasRacks: true }), (world) => {
        const assignment = assignEagerly(world)
        for (const partitions of assignment.values()) {
          for (const { topic } of partitions) {
            const subscribers = world.members.filter(({ topics }) => topics.includes(topic))
            const loads = subscribers.map(({ memberId }) => assignment.get(memberId)!.length)
            expect(partitions.length - Math.min(...loads)).toBeLessThanOrEqual(1)
          }
        }
      }),
      parameters,
    )
  })

  it('moves nothing when nothing changed', () => {
    fc.assert(
      fc.property(freshWorlds(), ({ topics, members }) => {
        const before = assignEagerly({ topics, members })
        const after = assignEagerly({ topics, members: afterwards(members, before, 1) })
        expect(byMember(after)).toEqual(byMember(before))
      }),
      parameters,
    )
  })

  it('lets members with equal subscriptions keep all that an even deal allows', () => {
    fc.assert(
      // Those who were there before have more than their share now, in numbers that differ.
      fc.property(growingWorlds({ hasEqualSubscriptions: true }), ({ topics, members: joining }) => {
        const after = assignEagerly({ topics, members: joining })
        const owned = joining.map(({ ownedPartitions }) => ownedPartitions.length)
        const partitionCount = wantedPartitions({ topics, members: joining }).length
        const share = Math.floor(partitionCount / joining.length)
        const extras = partitionCount % joining.length
        const most =
          owned.reduce((sum, count) => sum + Math.min(count, share), 0) +
          Math.min(extras, owned.filter((count) => count > share).length)
        expect(keptCount(joining, after)).toBe(most)
      }),
      parameters,
    )
  })

  it('takes nothing from those who stay when a member with the same subscription leaves', () => {
    fc.assert(
      fc.property(freshWorlds({ hasEqualSubscriptions: true }), ({ topics, members }) => {
        const before = assignEagerly({ topics, members })
        const staying = afterwards(members.slice(1), before, 1)
        const after = assignEagerly({ topics, members: staying })
        expect(keptCount(staying, after)).toBe(staying.reduce((sum, m) => sum + m.ownedPartitions.length, 0))
      }),
      parameters,
    )
  })

  it('does not mind the order of members and topics', () => {
    fc.assert(
      fc.property(claimingWorlds({ hasRacks: true }), ({ topics, members }) => {
        const turned = { topics: topics.toReversed(), members: members.toReversed() }
        expect(new Map(assignEagerly(turned))).toEqual(assignEagerly({ topics, members }))
        expect(new Map(assignCooperatively(turned))).toEqual(assignCooperatively({ topics, members }))
      }),
      parameters,
    )
  })
})

describe('the cooperative sticky assignor', () => {
  it('hands out no partition that another member owned, and none twice', () => {
    fc.assert(
      fc.property(freshWorlds({ hasRacks: true }), freshWorlds({ hasRacks: true }), (first, second) => {
        const before = assignCooperatively(first)
        // Members stay, some with another subscription and rack, and others join; topics and partitions come and go.
        const known = new Set(second.members.map(({ memberId }) => memberId))
        const staying = first.members.filter(({ memberId }) => !known.has(memberId))
        const world = { topics: second.topics, members: afterwards([...second.members, ...staying], before, 1) }
        const after = assignCooperatively(world)
        const handedOut = [...after.values()].flatMap(keysOf)
        expect(new Set(handedOut).size).toBe(handedOut.length)
        for (const { memberId } of world.members) {
          const others = world.members.filter((member) => member.memberId !== memberId)
          const taken = new Set(others.flatMap(({ ownedPartitions }) => keysOf(ownedPartitions)))
          for (const key of keysOf(after.get(memberId))) expect(taken).not.toContain(key)
        }
      }),
      parameters,
    )
  })

  it('leaves out only what the sticky assignor moves away from members', () => {
    fc.assert(
      fc.property(claimingWorlds({ hasRacks: true }), (world) => {
        const atOnce = byMember(assignEagerly(world))
        const released = byMember(assignCooperatively(world))
        for (const { memberId } of world.members) {
          const others = world.members.filter((member) => member.memberId !== memberId)
          const claimed = new Set(others.flatMap(({ ownedPartitions }) => keysOf(ownedPartitions)))
          const left = atOnce[memberId]!.filter((key) => !released[memberId]!.includes(key))
          for (const key of left) expect(claimed).toContain(key)
          expect(atOnce[memberId]).toEqual([...released[memberId]!, ...left].toSorted())
        }
      }),
      parameters,
    )
  })

  it('hands everything out to equal subscribers in the rebalance after partitions were given up', () => {
    fc.assert(
      fc.property(growingWorlds({ hasEqualSubscriptions: true }), ({ topics, members }) => {
        const between = assignCooperatively({ topics, members })
        const world = { topics, members: afterwards(members, between, 2) }
        const after = assignCooperatively(world)
        expect([...after.values()].flatMap(keysOf).toSorted()).toEqual(wantedPartitions(world))
        expect(keptCount(world.members, after)).toBe([...between.values()].flat().length)
      }),
      parameters,
    )
  })

  it.each([{ hasEqualSubscriptions: true, hasRacks: true }, { hasEqualSubscriptions: false }])(
    'comes to rest with everything handed out, given %o',
    (shape) => {
      fc.assert(
        fc.property(growingWorlds(shape), ({ topics, members }) => {
          let world = { topics, members }
          for (let generation = 2; generation < 10; generation++) {
            world = { topics, members: afterwards(members, assignCooperatively(world), generation) }
          }
          const rest = assignCooperatively(world)
          expect(keptCount(world.members, rest)).toBe(wantedPartitions(world).length)
        }),
        parameters,
      )
    },
  )
})

/** Groups that new members join. */
function growingWorlds(shape: WorldShape): fc.Arbitrary<World> {
  const presences = fc.array(fc.boolean(), { minLength: 7, maxLength: 7 })
  return fc.tuple(freshWorlds(shape), presences).map(([{ topics, members }, wasThere]) => {
    const before = assignCooperatively({ topics, members: members.filter((_, i) => wasThere[i]) })
    return { topics, members: afterwards(members, before, 1) }
  })
}

/** How many partitions members have as before. */
function keptCount(members: readonly AssignorMember[], assignment: Assignment): number {
  let count = 0
  for (const { memberId, ownedPartitions } of members) {
    const assigned = new Set(keysOf(assignment.get(memberId)))
    count += keysOf(ownedPartitions).filter((key) => assigned.has(key)).length
  }
  return count
}
