import { afterEach } from 'vitest'
import type { Api } from '../../src/protocol/api.ts'
import { encodeRecordBatch, type EncodeOptions } from '../../src/protocol/records/encode.ts'
import type { EncodableRecord } from '../../src/protocol/records/record.ts'
import { TestBroker, type TestBrokerOptions } from '../../src/testing/index.ts'
import { RawClient } from './raw-client.ts'

const open: (() => Promise<void> | void)[] = []

afterEach(async () => {
  const closing = open.splice(0).toReversed()
  for (const close of closing) await close()
})

/** A broker that is closed after the test. */
export async function startBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const broker = await TestBroker.start(options)
  open.push(() => broker.close())
  return broker
}

/** A client of one node that is closed after the test. */
export async function connectTo(broker: TestBroker, nodeId = 1): Promise<RawClient> {
  const client = await RawClient.connect(broker.nodes[nodeId - 1]!)
  open.push(() => client.close())
  return client
}

/** Resolves when the broker has got as far as serving the next request of this API. */
export function nextRequest<Request extends object, Response extends object>(
  broker: TestBroker,
  api: Api<Request, Response>,
): Promise<void> {
  return new Promise((resolve) => {
    broker.control(
      api,
      () => {
        resolve()
        return undefined
      },
      { once: true },
    )
  })
}

/** A batch of records with these values. */
export function batchOf(values: readonly string[], options: EncodeOptions = {}): Promise<Uint8Array> {
  return encodeRecords(
    values.map((value, i) => ({ timestamp: 1000 + i, value })),
    options,
  )
}

export function encodeRecords(records: readonly EncodableRecord[], options: EncodeOptions = {}): Promise<Uint8Array> {
  return encodeRecordBatch(records, options)
}

export function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes)
}
