import { describe, expect, test } from 'vitest'
import { ByteReader } from '../../src/protocol/bytes/reader.ts'
import { ERROR } from '../../src/protocol/error-codes.ts'
import { describeGroupsApi } from '../../src/protocol/messages/15-describe-groups.ts'
import { produceApi } from '../../src/protocol/messages/00-produce.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { connectTo, nextRequest, startBroker } from './harness.ts'
import { encodeRequest } from './raw-client.ts'

/** Bytes from hexadecimal digits. */
function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
}

describe('what the broker cannot read closes the connection', () => {
  test.each([
    ['an API that nobody has', hex('7fff 0000 00000001 ffff')],
    ['an API that is not served', encodeRequest(describeGroupsApi, 0, { groups: [] })],
    ['a version that does not exist', hex('0003 0063 00000001 ffff 00')],
    ['a Produce version that is offered and not served', hex('0000 0002 00000001 ffff 0000 00000001 00000000')],
    ['an empty frame', hex('')],
    ['half a header', hex('0003 0009')],
    ['a body that ends early', encodeRequest(metadataApi, 9, { topics: [{ name: 'topic' }] }).subarray(0, 16)],
    ['a count that no frame holds', hex('0003 0001 00000001 ffff 7fffffff')],
    ['a negative count', hex('0003 0001 00000001 ffff ffffff00')],
  ])('%s', async (_, frame) => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    expect(await client.sendFrame(frame)).toBeUndefined()
    await client.closed
    // Others are not affected.
    await (await connectTo(broker)).send(metadataApi, 9, { topics: [] })
  })

  test.each([
    ['a negative frame size', hex('ffffffff')],
    ['a frame size above 100 MiB', hex('06400001')],
    ['a TLS handshake', hex('16 03 01 02 00 01')],
    ['an HTTP request', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
  ])('%s', async (_, bytes) => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    client.writeRaw(bytes)
    await client.closed
    expect(broker.requests.count()).toBe(0)
    await (await connectTo(broker)).send(metadataApi, 9, { topics: [] })
  })

  test('a request in one-byte pieces is a request like any other', async () => {
    const broker = await startBroker({ topics: { t: 1 } })
    const client = await connectTo(broker)
    const arrived = nextRequest(broker, metadataApi)
    const frame = encodeRequest(metadataApi, 9, { topics: [{ name: 'slow' }] })
    for (const byte of [0, 0, 0, frame.length, ...frame]) client.writeRaw(Uint8Array.of(byte))
    await arrived
    expect(broker.requests.of(metadataApi)[0]!.request.topics![0]!.name).toBe('slow')
  })
})

describe('ApiVersions', () => {
  test('in an unknown version is answered in version 0 with the versions of ApiVersions itself', async () => {
    const broker = await startBroker()
    const client = await connectTo(broker)
    const frame = await client.sendFrame(hex('0012 0063 0000002a ffff 00'))
    const reader = new ByteReader(frame!)
    expect(reader.int32()).toBe(42)
    expect(apiVersionsApi.response.decode(frame!.subarray(4), 0)).toMatchObject({
      errorCode: ERROR.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 5 }],
    })
    // The connection goes on.
    expect((await client.send(apiVersionsApi, 0, {})).errorCode).toBe(0)
  })

  test('of a broker older than 2.4 comes back without any versions', async () => {
    const broker = await startBroker({ apiVersions: { ApiVersions: { min: 0, max: 2 } } })
    const client = await connectTo(broker)
    const frame = await client.sendFrame(encodeRequest(apiVersionsApi, 3, {}))
    expect(apiVersionsApi.response.decode(frame!.subarray(4), 0)).toMatchObject({
      errorCode: ERROR.UNSUPPORTED_VERSION,
      apiKeys: [],
    })
  })
})

test('many requests at once are answered one by one, in order', async () => {
  const broker = await startBroker({ topics: { t: 1 } })
  const client = await connectTo(broker)
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => client.send(metadataApi, 9, { topics: [{ name: `t${i}` }] })),
  )
  expect(answers.map(({ topics }) => topics[0]!.name)).toEqual(Array.from({ length: 200 }, (_, i) => `t${i}`))
})

test('a request that no response is due to keeps its place in the order', async () => {
  const broker = await startBroker({ topics: { t: 1 } })
  const client = await connectTo(broker)
  client.post(produceApi, 9, { acks: 0, timeoutMs: 1000, topicData: [] })
  const { errorCode } = await client.send(apiVersionsApi, 0, {})
  expect(errorCode).toBe(0)
  expect(Array.from(broker.requests, ({ apiName }) => apiName)).toEqual(['Produce', 'ApiVersions'])
})
