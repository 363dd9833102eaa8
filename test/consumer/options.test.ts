import { describe, expect, it } from 'vitest'
import { consumerSettings, type ConsumerOptions, resolveAssignors } from '../../src/consumer/options.ts'
import { ConfigError } from '../../src/errors.ts'

/** The error for options that types would not let through. */
function errorOf(options: object): ConfigError {
  try {
    consumerSettings(options)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the options were accepted')
}

describe("a consumer's options", () => {
  it("have Java's defaults", () => {
    expect(consumerSettings({ groupId: 'g' })).toMatchObject({
      groupId: 'g',
      onUnreadable: 'throw',
      autoOffsetReset: 'latest',
      autoCommit: true,
      autoCommitIntervalMs: 5_000,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollIntervalMs: 300_000,
      maxPollRecords: 500,
      assignors: ['range'],
      isolationLevel: 'read_uncommitted',
      fetchMinBytes: 1,
      fetchMaxWaitMs: 500,
      fetchMaxBytes: 52_428_800,
      maxPartitionFetchBytes: 1_048_576,
      checkCrcs: true,
      defaultApiTimeoutMs: 60_000,
    })
  })

  it('do not commit without a group', () => {
    expect(consumerSettings({}).autoCommit).toBe(false)
    expect(errorOf({ autoCommit: true }).option).toBe('autoCommit')
  })

  it.each<[string, object, string]>([
    ['an unknown name', { groupid: 'g' }, 'did you mean groupId?'],
    ['a number for a text', { groupId: 7 }, 'groupId must be'],
    ['an empty group', { groupId: '' }, 'groupId must be'],
    ['one topic that is not in a list', { groupId: 'g', topics: 'orders' }, 'topics must be'],
    ['topics without a group', { topics: ['orders'] }, 'topics needs a groupId'],
    ['a static member without a group', { groupInstanceId: 'i' }, 'groupInstanceId needs a groupId'],
    [
      'an unknown place to start',
      { autoOffsetReset: 'newest' },
      'autoOffsetReset must be one of latest, earliest, none',
    ],
    ['a duration that is none', { autoOffsetReset: 'by_duration:1h' }, 'by_duration: and a duration such as PT1H'],
    ['an unknown policy', { onUnreadable: 'drop' }, 'onUnreadable must be throw, skip or a function'],
    ['an unknown assignor', { assignors: ['sticky?'] }, 'assignors must be'],
    ['no assignor', { assignors: [] }, 'assignors must be'],
    ['an assignor twice', { assignors: ['range', 'range'] }, 'assignors must not name one twice'],
    ['a deserializer without its method', { value: {} }, 'value must be an object with deserialize'],
    ['heartbeats as rare as sessions are long', { heartbeatIntervalMs: 45_000 }, 'must be below sessionTimeoutMs'],
    ['a listener that is no function', { onAssigned: 'log' }, 'onAssigned must be a function'],
    ['a size beyond what the protocol can carry', { fetchMaxBytes: 2 ** 31 }, 'fetchMaxBytes must be'],
  ])('are refused with %s', (_what, options, message) => {
    expect(errorOf(options).message).toContain(message)
  })

  it('take assignors by name and as objects', () => {
    const own = { name: 'own', assign: () => new Map() }
    const { assignors } = consumerSettings({ groupId: 'g', assignors: ['roundrobin', own] } satisfies ConsumerOptions)
    expect(resolveAssignors(assignors).map(({ name }) => name)).toEqual(['roundrobin', 'own'])
  })
})
