import { describe, expect, it } from 'vitest'
import { fetchApi } from '../../src/protocol/messages/01-fetch.ts'
import { offsetCommitApi } from '../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchApi } from '../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorApi } from '../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupApi } from '../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../src/protocol/messages/12-heartbeat.ts'
import { syncGroupApi } from '../../src/protocol/messages/14-sync-group.ts'
import { consumerGroupHeartbeatApi } from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import type { ControlAnswer, TestBroker } from '../../src/testing/index.ts'
import { failWith } from '../../src/testing/index.ts'
import { committedOffset, join, start, type TextConsumer } from './group-fixture.ts'
import { numbers, until } from './loops.ts'

const partitionCount = 6
const recordCount = 3_000

/** Numbers from 0 to below 1 that are the same in each run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Has a part of all requests fail that a member makes, each in a way that Kafka may fail. */
function disturb(broker: TestBroker, random: () => number): void {
  const oneOf =
    (...answers: ControlAnswer<object>[]) =>
    (): ControlAnswer<object> =>
      random() < 0.1 ? answers[Math.floor(random() * answers.length)] : undefined
  const elsewhere = [failWith('NOT_COORDINATOR'), failWith('COORDINATOR_LOAD_IN_PROGRESS'), 'drop'] as const
  broker.control(findCoordinatorApi.key, oneOf('drop', failWith('COORDINATOR_NOT_AVAILABLE')))
  broker.control(joinGroupApi.key, oneOf(...elsewhere, failWith('REBALANCE_IN_PROGRESS')))
  broker.control(syncGroupApi.key, oneOf(...elsewhere, failWith('REBALANCE_IN_PROGRESS')))
  broker.control(heartbeatApi.key, oneOf(...elsewhere, failWith('ILLEGAL_GENERATION')))
  broker.control(offsetCommitApi.key, oneOf(...elsewhere, failWith('ILLEGAL_GENERATION')))
  broker.control(offsetFetchApi.key, oneOf(...elsewhere, failWith('UNSTABLE_OFFSET_COMMIT')))
  broker.control(consumerGroupHeartbeatApi.key, oneOf(...elsewhere, failWith('FENCED_MEMBER_EPOCH')))
  broker.control(fetchApi.key, oneOf('drop', failWith('NOT_LEADER_OR_FOLLOWER'), failWith('UNKNOWN_SERVER_ERROR')))
}

/** Quick heartbeats and sessions; those of the consumer protocol are set at the broker. */
const protocols = [
  ['classic', { heartbeatIntervalMs: 5, sessionTimeoutMs: 500 }],
  ['consumer', { groupProtocol: 'consumer', heartbeatIntervalMs: undefined }],
] as const

describe.each(protocols)('a group (%s) whose members come and go while requests fail', (_, options) => {
  it.each([1, 2, 3])('handles every record, and commits none that was not handled (seed %i)', async (seed) => {
    const random = randomFrom(seed)
    const broker = await start({
      nodes: 2,
      topics: { orders: partitionCount },
      consumerHeartbeatIntervalMs: 5,
      consumerSessionTimeoutMs: 500,
    })
    /** Next offset to be handled, by partition, and what was handled in all. */
    const handledUpTo = Array.from({ length: partitionCount }, () => 0)
    const handled = new Set<string>()
    const members: TextConsumer[] = []
    const failures: unknown[] = []
    const add = (): void => {
      const consumer = join(broker, { autoCommitIntervalMs: 5, ...options })
      members.push(consumer)
      const run = async (): Promise<void> => {
        for await (const { value, partition, offset } of consumer) {
          if (random() < 0.05) await new Promise((resolve) => setTimeout(resolve, 5))
          // Whatever is read after a commit must not leave a gap behind it.
          if (offset > handledUpTo[partition]!) failures.push(`gap before ${partition}@${offset}`)
          handledUpTo[partition] = Math.max(handledUpTo[partition]!, offset + 1)
          handled.add(value!)
        }
      }
      run().catch((error: unknown) => failures.push(error))
    }
    disturb(broker, random)
    for (let i = 0; i < 3; i++) add()
    for (const [index, value] of numbers(0, recordCount).entries()) {
      await broker.append('orders', index % partitionCount, [{ value }])
      if (index % 300 !== 299) continue
      if (index % 600 === 299) add()
      else await members.shift()!.close()
    }
    await until(() => handled.size === recordCount)
    await Promise.all(members.map((member) => member.close()))
    expect(failures).toEqual([])
    for (const partition of handledUpTo.keys()) {
      expect(committedOffset(broker, partition) ?? 0).toBeLessThanOrEqual(handledUpTo[partition]!)
    }
  })
})
