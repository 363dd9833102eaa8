import { describe, expect, it } from 'vitest'
import { TopicWatch } from '../../src/consumer/topic-watch.ts'
import type { BrokerError } from '../../src/errors.ts'
import { brokerError, ERROR } from '../../src/protocol/error-codes.ts'
import { FakeCluster } from './fake-cluster.ts'

function watch(fake: FakeCluster): { changed: string[]; errors: BrokerError[]; watch: TopicWatch } {
  const changed: string[] = []
  const errors: BrokerError[] = []
  const events = {
    onChange: (topic: string) => changed.push(topic),
    onError: (error: BrokerError) => errors.push(error),
  }
  return { changed, errors, watch: new TopicWatch(fake.cluster, events) }
}

describe('a watch on topics', () => {
  it('reports a topic whose number of partitions changed, once', () => {
    const fake = new FakeCluster({ topics: { orders: [1], returns: [1, 1] } })
    const { changed, watch: watching } = watch(fake)
    watching.expect(
      new Map([
        ['orders', 1],
        ['returns', 2],
      ]),
    )
    fake.move('orders', 0, 2)
    expect(changed).toEqual([])
    const { partitions, ...rest } = fake.topic('returns')!
    fake.metadata.set('returns', { ...rest, partitions: partitions.slice(1) })
    fake.move('orders', 0, 1)
    fake.move('orders', 0, 2)
    expect(changed).toEqual(['returns'])
  })

  it('reports a topic that went, and one that is not what it was made for already', () => {
    const fake = new FakeCluster({ topics: { orders: [1] } })
    const { changed, watch: watching } = watch(fake)
    watching.expect(new Map([['orders', 1]]))
    fake.metadata.delete('orders')
    watching.check()
    watching.expect(new Map([['orders', 3]]))
    expect(changed).toEqual(['orders', 'orders'])
  })

  it('reports topics that may not be read, and nothing after its end', async () => {
    const fake = new FakeCluster({ topics: {} })
    const failure = brokerError(ERROR.TOPIC_AUTHORIZATION_FAILED, { api: 'Metadata', topic: 'secret' })
    fake.topics = () => Promise.reject(failure)
    const { changed, errors, watch: watching } = watch(fake)
    watching.await(['secret'])
    await Promise.resolve()
    await Promise.resolve()
    expect(errors).toEqual([failure])
    watching.expect(new Map())
    watching.stop()
    fake.metadata.set('secret', { name: 'secret', topicId: '', isInternal: false, partitions: [] })
    expect(changed).toEqual([])
  })
})
