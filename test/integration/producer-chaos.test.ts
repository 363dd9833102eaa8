import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cuttingProxy } from '../chaos/cutting-proxy.ts'
import { produceUnderFault } from '../chaos/produce-under-fault.ts'
import { freezeLeader, killLeaders } from '../chaos/troubles.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka } from '../support/real-kafka.ts'

const exactlyOnce = { rejected: 0, lost: 0, duplicated: 0, disordered: 0, misplaced: 0 }
const load = { recordCount: 5000, perSecond: 2000 }

/** The short form of test/chaos. */
describeWithKafka(
  'producing to three brokers loses nothing, doubles nothing and keeps the order of keys',
  ['java', 'kcat'],
  () => {
    let cluster: Cluster

    beforeAll(async () => {
      cluster = await startCluster({ brokers: 3 })
    })

    afterAll(() => cluster?.close())

    test('while the leader is killed', async () => {
      const result = await produceUnderFault({ cluster, ...load, trouble: killLeaders(cluster, 1) })
      expect(result).toMatchObject({ ...exactlyOnce, acknowledged: result.sent })
    })

    test('while the leader is frozen', async () => {
      const result = await produceUnderFault({ cluster, ...load, trouble: freezeLeader(cluster, 4000) })
      expect(result).toMatchObject({ ...exactlyOnce, acknowledged: result.sent })
    })

    test('while every connection is cut again and again', async () => {
      const proxy = cuttingProxy([50, 150])
      const { transport } = proxy
      const trouble = async (): Promise<void> => {
        await delay(2500)
        proxy.calm()
      }
      const result = await produceUnderFault({ cluster, ...load, transport, trouble })
      await proxy.close()
      expect(result).toMatchObject({ ...exactlyOnce, acknowledged: result.sent })
      expect(proxy.cutCount).toBeGreaterThan(10)
    })
  },
)
