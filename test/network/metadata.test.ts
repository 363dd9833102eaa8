import { describe, expect, test } from 'vitest'
import { MetadataCache } from '../../src/network/metadata.ts'
import { ZERO_UUID } from '../../src/protocol/bytes/uuid.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { metadataApi, type MetadataResponse, type MetadataTopic } from '../../src/protocol/messages/03-metadata.ts'
import type { Encodable } from '../../src/protocol/schema.ts'

const OLD_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const NEW_ID = 'AAAAAAAAAAAAAAAAAAAAAg'

/** A response as version 13 would carry it. */
function response(...topics: Encodable<MetadataTopic>[]): MetadataResponse {
  const bytes = metadataApi.response.encode({ clusterId: 'c', controllerId: 1, topics }, 13)
  return metadataApi.response.decode(bytes, 13)
}

/** A topic whose partitions have these leaders and epochs. */
function topic(
  leaders: readonly (readonly [leaderId: number, leaderEpoch: number])[],
  more = {},
): Encodable<MetadataTopic> {
  const partitions = leaders.map(([leaderId, leaderEpoch], partitionIndex) => ({
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes: [1, 2],
    isrNodes: [1, 2],
  }))
  return { name: 't', topicId: OLD_ID, partitions, ...more }
}

function update(cache: MetadataCache, topicOrNone: Encodable<MetadataTopic> | undefined, version = 13): boolean {
  const given = topicOrNone === undefined ? response() : response(topicOrNone)
  return cache.update(given, version, ['t'], () => true).isChanged
}

function leaders(cache: MetadataCache): (readonly [number, number])[] | undefined {
  return cache.topic('t')?.partitions.map(({ leaderId, leaderEpoch }) => [leaderId, leaderEpoch] as const)
}

describe('MetadataCache', () => {
  test('knows what a response said, by name and by id', () => {
    const cache = new MetadataCache()
    expect(update(cache, topic([[1, 5]]))).toBe(true)
    expect(cache.topic('t')).toEqual({
      name: 't',
      topicId: OLD_ID,
      isInternal: false,
      partitions: [
        { partition: 0, leaderId: 1, leaderEpoch: 5, replicas: [1, 2], isr: [1, 2], offlineReplicas: [], errorCode: 0 },
      ],
    })
    expect([cache.topicName(OLD_ID), cache.clusterId, cache.controllerId]).toEqual(['t', 'c', 1])
  })

  test('keeps the same objects while nothing differs, and replaces those that do', () => {
    const cache = new MetadataCache()
    update(
      cache,
      topic([
        [1, 5],
        [1, 5],
      ]),
    )
    const before = cache.topic('t')
    expect(
      update(
        cache,
        topic([
          [1, 5],
          [1, 5],
        ]),
      ),
    ).toBe(false)
    expect(cache.topic('t')).toBe(before)
    expect(
      update(
        cache,
        topic([
          [1, 5],
          [2, 6],
        ]),
      ),
    ).toBe(true)
    expect(cache.topic('t')).not.toBe(before)
    expect(cache.topic('t')?.partitions[0]).toBe(before?.partitions[0])
    expect(before?.partitions[1]?.leaderId).toBe(1)
  })

  test('never goes back to an older leader epoch (KIP-320)', () => {
    const cache = new MetadataCache()
    update(
      cache,
      topic([
        [1, 5],
        [1, 5],
      ]),
    )
    update(
      cache,
      topic([
        [2, 4],
        [2, 6],
      ]),
    )
    expect(leaders(cache)).toEqual([
      [1, 5],
      [2, 6],
    ])
  })

  test('takes a lower epoch when the topic was deleted and created again, which is another id', () => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]]))
    update(cache, topic([[2, 0]], { topicId: NEW_ID }))
    expect(leaders(cache)).toEqual([[2, 0]])
    expect([cache.topicName(OLD_ID), cache.topicName(NEW_ID)]).toEqual([undefined, 't'])
  })

  test('takes a lower epoch of a new id also when the topic was gone in between', () => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]]))
    update(cache, { name: 't', errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION })
    update(cache, topic([[2, 0]], { topicId: NEW_ID }))
    expect(leaders(cache)).toEqual([[2, 0]])
  })

  test('remembers epochs while a topic is missing for a while under the same id', () => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]]))
    update(cache, undefined)
    expect(cache.topic('t')).toBeUndefined()
    update(cache, topic([[2, 4]]))
    expect(leaders(cache)).toEqual([[1, 5]])
  })

  test('believes no epochs of versions before 9, and no ids it was not told', () => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]], { topicId: ZERO_UUID }), 8)
    expect(leaders(cache)).toEqual([[1, -1]])
    update(cache, topic([[2, 4]], { topicId: ZERO_UUID }), 8)
    expect(leaders(cache)).toEqual([[2, -1]])
    expect(cache.topicName(ZERO_UUID)).toBeUndefined()
  })

  test.each([
    ['UNKNOWN_TOPIC_OR_PARTITION', ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ['TOPIC_AUTHORIZATION_FAILED', ERROR.TOPIC_AUTHORIZATION_FAILED],
    ['INVALID_TOPIC_EXCEPTION', ERROR.INVALID_TOPIC_EXCEPTION],
  ])('does not know a topic any more after %s', (_, errorCode) => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]]))
    expect(update(cache, { name: 't', errorCode })).toBe(true)
    expect(cache.topic('t')).toBeUndefined()
    expect(cache.errorCode('t')).toBe(errorCode)
    expect(update(cache, { name: 't', errorCode })).toBe(false)
  })

  test('keeps what it knows of a topic while its leaders are being elected', () => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]]))
    update(cache, { name: 't', errorCode: ERROR.LEADER_NOT_AVAILABLE })
    expect(leaders(cache)).toEqual([[1, 5]])
  })

  test('orders partitions by number, and fills in those that a response leaves out', () => {
    const cache = new MetadataCache()
    const partitions = [
      { partitionIndex: 2, leaderId: 7 },
      { partitionIndex: 0, leaderId: 8 },
      { partitionIndex: -1, leaderId: 9 },
    ]
    update(cache, { name: 't', topicId: OLD_ID, partitions })
    expect(cache.topic('t')?.partitions.map(({ partition: number, leaderId }) => [number, leaderId])).toEqual([
      [0, 8],
      [1, -1],
      [2, 7],
    ])
  })

  test('returns topics that nobody uses without keeping them', () => {
    const cache = new MetadataCache()
    const { topics } = cache.update(response(topic([[1, 5]])), 13, [], () => false)
    expect([...topics.keys()]).toEqual(['t'])
    expect(cache.topic('t')).toBeUndefined()
  })

  test('drops topics that are not used any more', () => {
    const cache = new MetadataCache()
    update(cache, topic([[1, 5]]))
    cache.retain(() => false)
    expect([cache.topic('t'), cache.topicName(OLD_ID), cache.topicCount]).toEqual([undefined, undefined, 0])
  })

  describe('leader hints (KIP-951)', () => {
    test('a newer epoch is taken, an equal or older one is not', () => {
      const cache = new MetadataCache()
      update(
        cache,
        topic([
          [1, 5],
          [1, 5],
        ]),
      )
      const before = cache.topic('t')
      expect(cache.applyLeader('t', 1, 2, 5)).toBe(false)
      expect(cache.applyLeader('t', 1, 2, 4)).toBe(false)
      expect(cache.topic('t')).toBe(before)
      expect(cache.applyLeader('t', 1, 2, 6)).toBe(true)
      expect(leaders(cache)).toEqual([
        [1, 5],
        [2, 6],
      ])
      expect(before?.partitions[1]?.leaderId).toBe(1)
    })

    test('of an unknown topic or partition, or without a leader, are ignored', () => {
      const cache = new MetadataCache()
      update(cache, topic([[1, 5]]))
      expect(cache.applyLeader('other', 0, 2, 9)).toBe(false)
      expect(cache.applyLeader('t', 1, 2, 9)).toBe(false)
      expect(cache.applyLeader('t', 0, -1, 9)).toBe(false)
    })

    test('outlive metadata from a broker that lags behind', () => {
      const cache = new MetadataCache()
      update(cache, topic([[1, 5]]))
      cache.applyLeader('t', 0, 2, 6)
      update(cache, topic([[1, 5]]))
      expect(leaders(cache)).toEqual([[2, 6]])
    })
  })
})
