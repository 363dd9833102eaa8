import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { type ChaosResult, produceUnderFault } from './produce-under-fault.ts'
import { freezeLeader, killLeaders } from './troubles.ts'

const load = { recordCount: 100_000, perSecond: 5000 }

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 })
})

afterAll(() => cluster?.close())

/** Prints what was counted and returns what has to have been. */
function judge(title: string, result: ChaosResult): Partial<ChaosResult> {
  process.stdout.write(`${title}: ${JSON.stringify(result)}\n`)
  return { rejected: 0, lost: 0, duplicated: 0, disordered: 0, misplaced: 0, acknowledged: result.sent }
}

test('the leader is killed five times', async () => {
  const result = await produceUnderFault({ cluster, ...load, trouble: killLeaders(cluster, 5) })
  expect(result).toMatchObject(judge('leader killed five times', result))
})

test('the leader is frozen for 20 s', async () => {
  const result = await produceUnderFault({ cluster, ...load, trouble: freezeLeader(cluster, 20_000) })
  expect(result).toMatchObject(judge('leader frozen for 20 s', result))
})

test('every connection is cut after 0.5 to 1.5 s', async () => {
  const proxy = cuttingProxy([500, 1500])
  const { transport } = proxy
  const trouble = async (): Promise<void> => {
    await delay(20_000)
    proxy.calm()
  }
  const result = await produceUnderFault({ cluster, ...load, transport, trouble })
  await proxy.close()
  expect(result).toMatchObject(judge(`${proxy.cutCount} connections cut`, result))
  expect(proxy.cutCount).toBeGreaterThan(10)
})
