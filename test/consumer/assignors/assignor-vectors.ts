import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { AssignorMember, AssignorTopic } from '../../../src/consumer/assignors/assignor.ts'

/** An assignment that Java made. */
export interface AssignorVector {
  assignor: string
  scenario: number
  /** Place in a sequence of rebalances of the same group. */
  step: number
  what: string
  nodes: { id: number; rack: string | null }[]
  topics: { name: string; replicas: number[][] }[]
  members: (Omit<AssignorMember, 'ownedPartitions' | 'userData'> & {
    ownedPartitions: [topic: string, partition: number][]
    userDataHex: string | null
  })[]
  assignment: Record<string, [topic: string, partition: number][]>
  /** Whether Java's result does not depend on the order of its hash maps. */
  deterministic: boolean
  /** Whether the order of each member's partitions does not either. */
  orderDeterministic: boolean
}

/** The vectors of one assignor. */
export function assignorVectors(assignor: string): AssignorVector[] {
  return gunzipSync(readFileSync(new URL('../../vectors/assignors.ndjson.gz', import.meta.url)))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AssignorVector)
    .filter((vector) => vector.assignor === assignor)
}

export function topicsOf(vector: AssignorVector): AssignorTopic[] {
  const racks = new Map(vector.nodes.map(({ id, rack }) => [id, rack]))
  return vector.topics.map(({ name, replicas }) => ({
    name,
    partitionRacks: replicas.map((ids) => ids.map((id) => racks.get(id)).filter((rack) => typeof rack === 'string')),
  }))
}

/** The members as they join: under the eager protocol they own nothing by then. */
export function membersOf(vector: AssignorVector, protocol: 'eager' | 'cooperative'): AssignorMember[] {
  return vector.members.map(({ ownedPartitions, userDataHex, ...member }) => ({
    ...member,
    ownedPartitions: protocol === 'eager' ? [] : ownedPartitions.map(([topic, partition]) => ({ topic, partition })),
    userData: userDataHex === null ? null : new Uint8Array(Buffer.from(userDataHex, 'hex')),
  }))
}
