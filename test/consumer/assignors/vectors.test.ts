import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Assignor, AssignorMember, AssignorTopic } from '../../../src/consumer/assignors/assignor.ts'
import { rangeAssignor } from '../../../src/consumer/assignors/range.ts'
import { roundRobinAssignor } from '../../../src/consumer/assignors/round-robin.ts'

interface Vector {
  assignor: string
  scenario: number
  nodes: { id: number; rack: string | null }[]
  topics: { name: string; replicas: number[][] }[]
  members: {
    memberId: string
    groupInstanceId: string | null
    rackId: string | null
    topics: string[]
    generationId: number
    ownedPartitions: [string, number][]
  }[]
  assignment: Record<string, [string, number][]>
}

const vectors: Vector[] = gunzipSync(readFileSync(new URL('../../vectors/assignors.ndjson.gz', import.meta.url)))
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)

function topicsOf(vector: Vector): AssignorTopic[] {
  const racks = new Map(vector.nodes.map(({ id, rack }) => [id, rack]))
  return vector.topics.map(({ name, replicas }) => ({
    name,
    partitionRacks: replicas.map((ids) => ids.map((id) => racks.get(id)).filter((rack) => typeof rack === 'string')),
  }))
}

function membersOf(vector: Vector): AssignorMember[] {
  return vector.members.map((member) => ({
    ...member,
    ownedPartitions: member.ownedPartitions.map(([topic, partition]) => ({ topic, partition })),
    userData: null,
  }))
}

/** The order in which a member gets its topics follows Java's hash order and means nothing. */
function asSets(assignment: Iterable<[string, Iterable<readonly [string, number]>]>): Record<string, string[]> {
  return Object.fromEntries(
    [...assignment].map(([id, list]) => [id, [...list].map(([t, p]) => `${t}-${p}`).toSorted()]),
  )
}

const assignors: Assignor[] = [rangeAssignor, roundRobinAssignor]

describe.each(assignors)('the $name assignor', (assignor) => {
  const mine = vectors.filter((vector) => vector.assignor === assignor.name)

  it.each(mine)('deals partitions out as Java does in scenario $scenario', (vector) => {
    const assignment = assignor.assign(topicsOf(vector), membersOf(vector))
    const dealt = [...assignment].map(([id, list]): [string, [string, number][]] => [
      id,
      list.map(({ topic, partition }) => [topic, partition]),
    ])
    expect(asSets(dealt)).toEqual(asSets(Object.entries(vector.assignment)))
  })

  it('gives every member an entry, though there is nothing to deal out', () => {
    const member = { groupInstanceId: null, rackId: null, ownedPartitions: [], generationId: -1, userData: null }
    const assignment = assignor.assign(
      [{ name: 'empty', partitionRacks: [] }],
      [
        { ...member, memberId: 'a', topics: ['empty', 'missing'] },
        { ...member, memberId: 'b', topics: [] },
      ],
    )
    expect([...assignment]).toEqual([
      ['a', []],
      ['b', []],
    ])
  })
})
