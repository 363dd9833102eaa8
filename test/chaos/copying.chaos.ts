import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import { type CopyResult, copyUnderFault } from './copy-under-fault.ts'
import { bounceBrokers, bounceCopiers } from './troubles.ts'

const load = { recordCount: 100_000, transactionSize: 750, copierCount: 2, pauseMs: 150 }

/** Prints what was counted and returns what has to have been. */
function judge(title: string, result: CopyResult): Partial<CopyResult> {
  process.stdout.write(`${title}: ${JSON.stringify(result)}\n`)
  return { copied: result.records, lost: 0, duplicated: 0, disordered: 0 }
}

describe.each([2, 1])('copying by transactions of version %i', (version) => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await startCluster({
      brokers: 3,
      features: { 'transaction.version': version },
      properties: { 'group.consumer.session.timeout.ms': '6000', 'group.consumer.heartbeat.interval.ms': '1000' },
    })
  })

  afterAll(() => cluster?.close())

  test('copiers are killed and started again', async () => {
    const result = await copyUnderFault({ cluster, ...load, trouble: bounceCopiers(3) })
    expect(result).toMatchObject(judge(`version ${version}, copiers bounced`, result))
  })

  test('copiers whose group is of KIP-848 are killed and started again', async () => {
    const plan = { cluster, ...load, groupProtocol: 'consumer' } as const
    const result = await copyUnderFault({ ...plan, trouble: bounceCopiers(3) })
    expect(result).toMatchObject(judge(`version ${version}, copiers of KIP-848 bounced`, result))
  })

  test('brokers are killed and started again', async () => {
    const result = await copyUnderFault({ cluster, ...load, trouble: bounceBrokers(cluster, 3) })
    expect(result).toMatchObject(judge(`version ${version}, brokers bounced`, result))
  })
})
