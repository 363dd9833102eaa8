import { afterAll, beforeAll, expect, test } from 'vitest'
import { runChain } from '../chaos/etl-chain.ts'
import { groupProperties, sharings } from '../chaos/etl-plans.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka } from '../support/real-kafka.ts'

const recordCount = 6_000

/** The short form of test/chaos/etl.chaos.ts. */
describeWithKafka('a chain of groups, one for each assignor and protocol', ['java', 'kcat'], () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await startCluster({ properties: groupProperties })
  })

  afterAll(() => cluster?.close())

  test.each([false, true])('copies every record once while members come and go; static: %s', async (isStatic) => {
    const { bootstrapServers } = cluster
    const incidents = ['join', 'leave', 'join', 'leave'] as const
    const plan = { bootstrapServers, replicationFactor: 1, recordCount, sharings, isStatic, incidents }
    const exactlyOnce = { lost: 0, repeated: 0, rewinds: 0, disordered: 0, gaps: 0, commitsBack: 0 }
    for (const verdict of await runChain(plan)) {
      // A machine that stands still for longer than a session loses members as if they had been killed.
      if (verdict.expired === 0) expect(verdict).toMatchObject(exactlyOnce)
      else expect(verdict).toMatchObject({ lost: 0, disordered: 0, gaps: 0, commitsBack: 0 })
    }
  })

  test('loses none, and repeats only what was not committed, when members are killed', async () => {
    const { bootstrapServers } = cluster
    const incidents = ['join', 'kill'] as const
    const plan = { bootstrapServers, replicationFactor: 1, recordCount, sharings, isStatic: false, incidents }
    for (const verdict of await runChain(plan)) {
      expect(verdict).toMatchObject({ lost: 0, disordered: 0, gaps: 0, commitsBack: 0 })
      expect(verdict.rewinds).toBeLessThanOrEqual((verdict.killed + verdict.expired) * 6)
    }
  })
})
