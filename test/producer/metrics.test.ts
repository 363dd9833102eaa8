import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Kafka } from '../../src/kafka.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { failWith, TestBroker } from '../../src/testing/index.ts'

let broker: TestBroker
beforeEach(async () => {
  broker = await TestBroker.start({ topics: { orders: 1 } })
})
afterEach(() => broker.close())

describe("a producer's metrics", () => {
  it('count what was delivered, how large it was and how long it took', async () => {
    const producer = new Kafka({ bootstrapServers: broker.bootstrapServers }).producer({ compression: 'gzip' })
    expect(producer.metrics()).toMatchObject({ recordSendTotal: 0, requestTotal: 0, bufferUsedBytes: 0 })
    await producer.sendMany(Array.from({ length: 50 }, () => ({ topic: 'orders', value: 'x'.repeat(100) })))
    const metrics = producer.metrics()
    await producer.close()
    expect(metrics).toMatchObject({
      recordSendTotal: 50,
      recordErrorTotal: 0,
      recordRetryTotal: 0,
      failedRequestTotal: 0,
      bufferUsedBytes: 0,
      bufferTotalBytes: 32 * 1024 * 1024,
    })
    expect(metrics.requestTotal).toBeGreaterThan(0)
    expect(metrics.compressionRateAvg).toBeGreaterThan(0)
    expect(metrics.compressionRateAvg).toBeLessThan(0.5)
    expect(metrics.batchSizeMaxBytes).toBeGreaterThanOrEqual(metrics.batchSizeAvgBytes)
    expect(metrics.requestLatencyMaxMs).toBeGreaterThan(0)
    expect(metrics.deliveryLatencyMaxMs).toBeGreaterThanOrEqual(0)
  })

  it('count retries and what was not delivered', async () => {
    const kafka = new Kafka({ bootstrapServers: broker.bootstrapServers, retryBackoffMs: 1 })
    const producer = kafka.producer()
    broker.control(produceApi, () => failWith('NOT_ENOUGH_REPLICAS'), { once: true })
    await producer.send({ topic: 'orders', value: 'a' })
    broker.control(produceApi, () => failWith('TOPIC_AUTHORIZATION_FAILED'), { once: true })
    await expect(producer.send({ topic: 'orders', value: 'b' })).rejects.toMatchObject({ code: 'KAFKA_BROKER' })
    const metrics = producer.metrics()
    await producer.close()
    expect(metrics).toMatchObject({ recordSendTotal: 1, recordRetryTotal: 1, recordErrorTotal: 1 })
  })
})
