import { describe, expect, it } from 'vitest'
import type { AssignorMember } from '../../../src/consumer/assignors/assignor.ts'
import { rangeAssignor } from '../../../src/consumer/assignors/range.ts'

function member(memberId: string, rackId: string | null, topics: readonly string[] = ['t']): AssignorMember {
  return { memberId, rackId, topics, groupInstanceId: null, ownedPartitions: [], generationId: -1, userData: null }
}

function assign(topics: Record<string, string[][]>, ...members: AssignorMember[]): Record<string, string> {
  const list = Object.entries(topics).map(([name, partitionRacks]) => ({ name, partitionRacks }))
  const named = [...rangeAssignor.assign(list, members)].map(([id, partitions]) => [
    id,
    partitions.map(({ topic, partition }) => `${topic}${partition}`).join(' '),
  ])
  return Object.fromEntries(named) as Record<string, string>
}

describe('the range assignor with racks', () => {
  it('gives members the partitions with a replica on their rack, as far as the balance allows', () => {
    expect(assign({ t: [['b'], ['a'], ['b'], ['a']] }, member('1', 'a'), member('2', 'b'))).toEqual({
      1: 't1 t3',
      2: 't0 t2',
    })
    expect(assign({ t: [['b'], ['b'], ['b'], ['a']] }, member('1', 'a'), member('2', 'b'))).toEqual({
      1: 't2 t3',
      2: 't0 t1',
    })
  })

  it('keeps topics with the same partitions and members together', () => {
    const topics = { t: [['a'], ['b']], u: [['a'], ['b']] }
    const both = ['t', 'u']
    expect(assign(topics, member('1', 'b', both), member('2', 'a', both))).toEqual({ 1: 't1 u1', 2: 't0 u0' })
  })

  it('does as without them where they make no difference', () => {
    const plain = { 1: 't0 t1', 2: 't2 t3' }
    const everywhere = [
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
      ['a', 'b'],
    ]
    expect(assign({ t: everywhere }, member('1', 'b'), member('2', 'a'))).toEqual(plain)
    expect(assign({ t: [['a'], ['b'], ['a'], ['b']] }, member('1', 'x'), member('2', null))).toEqual(plain)
    expect(assign({ t: [[], [], [], []] }, member('1', 'a'), member('2', 'b'))).toEqual(plain)
  })

  it('lets members without a rack take anything', () => {
    expect(assign({ t: [['a'], ['b'], ['a'], ['b']] }, member('1', null), member('2', 'b'))).toEqual({
      1: 't0 t1',
      2: 't2 t3',
    })
  })
})
