import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyUnderFault } from '../chaos/copy-under-fault.ts'
import { bounceBrokers, bounceCopiers } from '../chaos/troubles.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka } from '../support/real-kafka.ts'

const load = { recordCount: 4000, transactionSize: 100, copierCount: 2, pauseMs: 100 }
const exactlyOnceInOrder = { copied: load.recordCount, lost: 0, duplicated: 0, disordered: 0 }

/** The short form of test/chaos. */
describeWithKafka('a topic is copied exactly once and in order by transactions', ['java', 'kcat'], () => {
  describe.each([2, 1])('of version %i', (version) => {
    let cluster: Cluster

    beforeAll(async () => {
      cluster = await startCluster({
        brokers: 3,
        features: { 'transaction.version': version },
        properties: { 'group.consumer.session.timeout.ms': '3000', 'group.consumer.heartbeat.interval.ms': '500' },
      })
    })

    afterAll(() => cluster?.close())

    test('while the copiers are killed and started again', async () => {
      const result = await copyUnderFault({ cluster, ...load, trouble: bounceCopiers(1) })
      expect(result).toMatchObject({ ...exactlyOnceInOrder, started: 4 })
    })

    test('while copiers whose group is of KIP-848 are killed and started again', async () => {
      const plan = { cluster, ...load, groupProtocol: 'consumer' } as const
      const result = await copyUnderFault({ ...plan, trouble: bounceCopiers(1) })
      expect(result).toMatchObject({ ...exactlyOnceInOrder, started: 4 })
    })

    test('while a broker is killed and started again', async () => {
      const result = await copyUnderFault({ cluster, ...load, trouble: bounceBrokers(cluster, 1, 1) })
      expect(result).toMatchObject(exactlyOnceInOrder)
    })
  })
})
