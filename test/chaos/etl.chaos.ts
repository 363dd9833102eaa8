import { afterAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { type ChainPlan, type HopVerdict, runChain } from './etl-chain.ts'
import { killBrokersInTurn } from './troubles.ts'
import { groupProperties, withKills, withoutKills, sharings } from './etl-plans.ts'

const recordCount = Number(process.env['ETL_RECORDS'] ?? 500_000)

async function runAndPrint(title: string, plan: Omit<ChainPlan, 'recordCount' | 'sharings'>): Promise<HopVerdict[]> {
  const startedAt = performance.now()
  const verdicts = await runChain({ ...plan, recordCount, sharings })
  const tookS = ((performance.now() - startedAt) / 1000).toFixed(1)
  for (const verdict of verdicts) process.stdout.write(`${title}, ${tookS} s: ${JSON.stringify(verdict)}\n`)
  return verdicts
}

describe.each([1, 3])('a chain of groups on %d brokers', (brokers) => {
  let started: Promise<Cluster> | undefined
  const cluster = (): Promise<Cluster> => (started ??= startCluster({ brokers, properties: groupProperties }))

  afterAll(async () => (await started)?.close())

  test.each([false, true])('copies every record once while members come and go; static: %s', async (isStatic) => {
    const { bootstrapServers } = await cluster()
    const plan = { bootstrapServers, replicationFactor: brokers, isStatic, incidents: withoutKills }
    const verdicts = await runAndPrint(`${brokers} brokers, static ${isStatic}, no kills`, plan)
    const exactlyOnce = { lost: 0, repeated: 0, rewinds: 0, disordered: 0, gaps: 0, commitsBack: 0 }
    for (const verdict of verdicts) expect(verdict).toMatchObject({ ...exactlyOnce, copied: recordCount })
  })

  test.each([false, true])(
    'loses none and repeats only what was not committed when members are killed; static: %s',
    async (isStatic) => {
      const { bootstrapServers } = await cluster()
      const plan = { bootstrapServers, replicationFactor: brokers, isStatic, incidents: withKills }
      const verdicts = await runAndPrint(`${brokers} brokers, static ${isStatic}, kills`, plan)
      for (const verdict of verdicts) {
        expect(verdict).toMatchObject({ lost: 0, disordered: 0, gaps: 0, commitsBack: 0 })
        // A killed member had a share of the partitions, at most all of them, and each goes back once.
        expect(verdict.rewinds).toBeLessThanOrEqual(verdict.killed * 6)
      }
    },
  )
})

test('a chain of groups on 3 brokers loses none while brokers are killed, and repeats only what could not be committed', async () => {
  await using cluster = await startCluster({ brokers: 3, properties: groupProperties })
  const { bootstrapServers } = cluster
  const trouble = killBrokersInTurn(cluster, 6)
  const plan = { bootstrapServers, replicationFactor: 3, isStatic: false, incidents: withoutKills, trouble }
  const verdicts = await runAndPrint('3 brokers, each killed twice', plan)
  for (const verdict of verdicts) expect(verdict).toMatchObject({ lost: 0, disordered: 0, gaps: 0, commitsBack: 0 })
})
