import { describe, expect, it } from 'vitest'
import type { Assignor } from '../../../src/consumer/assignors/assignor.ts'
import { cooperativeStickyAssignor } from '../../../src/consumer/assignors/cooperative-sticky.ts'
import { stickyAssignor } from '../../../src/consumer/assignors/sticky.ts'
import { type AssignorVector, assignorVectors, membersOf, topicsOf } from './assignor-vectors.ts'

type Assignment = Record<string, string[]>

function dealt(assignor: Assignor, vector: AssignorVector): Assignment {
  const members = membersOf(vector, assignor.isCooperative === true ? 'cooperative' : 'eager')
  const assignment = assignor.assign(topicsOf(vector), members)
  return Object.fromEntries(
    [...assignment].map(([id, list]) => [id, list.map(({ topic, partition }) => `${topic}-${partition}`)]),
  )
}

function expected(vector: AssignorVector): Assignment {
  return Object.fromEntries(
    Object.entries(vector.assignment).map(([id, list]) => [
      id,
      list.map(([topic, partition]) => `${topic}-${partition}`),
    ]),
  )
}

function sizes(assignment: Assignment): number[] {
  return Object.values(assignment)
    .map(({ length }) => length)
    .toSorted((a, b) => a - b)
}

describe.each([stickyAssignor, cooperativeStickyAssignor])('the $name assignor', (assignor) => {
  const certain = assignorVectors(assignor.name).filter(({ deterministic }) => deterministic)

  it.each(certain)('deals partitions out as Java does in scenario $scenario, step $step: $what', (vector) => {
    // No certain vector leaves the order within a member open, so lists are compared as they are.
    expect(vector.orderDeterministic).toBe(true)
    expect(dealt(assignor, vector)).toEqual(expected(vector))
  })
})

it('the sticky assignor is as even as Java where the result of Java hangs on a hash order', () => {
  const uncertain = assignorVectors('sticky').filter(({ deterministic }) => !deterministic)
  expect(uncertain).toHaveLength(1)
  for (const vector of uncertain) {
    const assignment = dealt(stickyAssignor, vector)
    expect(sizes(assignment)).toEqual(sizes(expected(vector)))
    expect(Object.values(assignment).flat().toSorted()).toEqual(Object.values(expected(vector)).flat().toSorted())
  }
})

it('there are 200 vectors of each assignor', () => {
  expect(assignorVectors('sticky')).toHaveLength(200)
  expect(assignorVectors('cooperative-sticky').filter(({ deterministic }) => deterministic)).toHaveLength(200)
})
