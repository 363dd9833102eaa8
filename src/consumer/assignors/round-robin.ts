import type { TopicPartition } from '../topic-partition.ts'
import { type Assignor, compareMembers, compareText } from './assignor.ts'

/** Deals all partitions of all topics, in order, to one member after the other (Java's RoundRobinAssignor). */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  assign: (topics, members) => {
    const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
    const order = members.toSorted(compareMembers)
    let turn = 0
    for (const { name, partitionRacks } of topics.toSorted((a, b) => compareText(a.name, b.name))) {
      if (!order.some((member) => member.topics.includes(name))) continue
      for (const partition of partitionRacks.keys()) {
        while (!order[turn % order.length]!.topics.includes(name)) turn++
        assignment.get(order[turn % order.length]!.memberId)!.push({ topic: name, partition })
        turn++
      }
    }
    return assignment
  },
}
