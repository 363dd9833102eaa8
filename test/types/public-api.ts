// Compiled by `npm run check`, never run: what users write must infer, and mistakes must not compile.
import { bytes, exactlyOnce, json, Kafka, type RecordHeader, string } from '../../src/index.ts'

interface Order {
  item: string
  amount: number
}

const kafka = new Kafka({ bootstrapServers: 'localhost:9092' })

export async function typedFromSerdes(): Promise<void> {
  const producer = kafka.producer({ key: string, value: json<Order>() })
  await producer.send({ topic: 'orders', key: 'k', value: { item: 'tea', amount: 1 } })
  await producer.send({ topic: 'orders', value: null })
  // @ts-expect-error an order has an amount
  await producer.send({ topic: 'orders', value: { item: 'tea' } })
  // @ts-expect-error keys are strings
  await producer.send({ topic: 'orders', key: 5, value: null })

  const consumer = kafka.consumer({ groupId: 'g', topics: ['orders'], key: string, value: json<Order>() })
  for await (const record of consumer) {
    const amount: number = record.value.amount
    const key: string | null = record.key
    const headers: readonly RecordHeader[] = record.headers
    const offset: number = record.offset
    void [amount, key, headers, offset]
  }
}

export async function typedBatches(): Promise<void> {
  const consumer = kafka.consumer({ groupId: 'g', topics: ['orders'], key: string, value: json<Order>() })
  for await (const batch of consumer.batches()) {
    const count: number = batch.count + batch.firstOffset + batch.lastOffset
    for (const { key, value } of batch) void [key?.length, value.amount, count]
    const amounts: number[] = batch.records.map(({ value }) => value.amount)
    void [amounts, batch.records[0]?.key, batch.records.length]
    // @ts-expect-error records are not for writing
    batch.records.length = 0
  }
  await consumer.run({
    eachBatch: (batch) => {
      for (const { value } of batch) void value.item
    },
  })
}

export async function transactions(): Promise<void> {
  const producer = kafka.producer({ transactionalId: 'tx', key: string, value: json<Order>() })
  const amount: number = await producer.transaction(async (tx) => {
    await tx.send({ topic: 'orders', key: 'k', value: { item: 'tea', amount: 1 } })
    // @ts-expect-error an order has an amount
    await tx.send({ topic: 'orders', value: { item: 'tea' } })
    return 1
  })
  const consumer = kafka.consumer({ groupId: 'g', topics: ['orders'], autoCommit: false, value: json<Order>() })
  const transaction = await producer.beginTransaction()
  await transaction.sendOffsets(consumer)
  await transaction.sendOffsets({
    groupMetadata: consumer.groupMetadata(),
    offsets: [{ topic: 'orders', partition: 0, offset: amount }],
  })
  await transaction.commit()
  await exactlyOnce({
    consumer,
    producer,
    eachBatch: ({ records }, tx) => {
      for (const { value } of records) tx.enqueue({ topic: 'orders', value })
    },
  })
}

export async function bytesByDefault(): Promise<void> {
  await kafka.producer().send({ topic: 't', value: 'text' })
  await kafka.producer().send({ topic: 't', key: new Uint8Array(1), value: new Uint8Array(1) })
  // @ts-expect-error numbers need a serialiser
  await kafka.producer().send({ topic: 't', value: 5 })
  for await (const { value } of kafka.consumer({ topics: ['t'], groupId: 'g', value: bytes })) {
    const content: Uint8Array | null = value
    void content
  }
}

// @ts-expect-error an unknown option
kafka.producer({ linger: 5 })
// @ts-expect-error a wrong type
kafka.producer({ lingerMs: '5' })
// @ts-expect-error an unknown codec
kafka.producer({ compression: 'brotli' })

export function typedEvents(): void {
  kafka.on('stalled', ({ topic, lag, waitsFor, stalledMs }) => {
    const known: number | undefined = lag
    void [topic, known, waitsFor === 'handler', stalledMs]
  })
  kafka.on('batchEnd', ({ recordCount, error }) => void [recordCount, error?.code])
  // @ts-expect-error a lag has no duration
  kafka.on('lag', ({ durationMs }) => void durationMs)
  const { recordsLagMax, partitions } = kafka
    .consumer({ hooks: { fetch: ({ sizeInBytes }) => void sizeInBytes } })
    .metrics()
  const lags: (number | undefined)[] = partitions.map(({ lag }) => lag)
  const { recordSendTotal } = kafka.producer().metrics()
  void [recordsLagMax, lags, recordSendTotal]
}
