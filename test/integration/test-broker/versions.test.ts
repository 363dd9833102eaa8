import { expect, test } from 'vitest'
import { produceApi } from '../../../src/protocol/messages/00-produce.ts'
import { metadataApi } from '../../../src/protocol/messages/03-metadata.ts'
import { apiVersionsApi } from '../../../src/protocol/messages/18-api-versions.ts'
import { TestBroker } from '../../../src/testing/index.ts'
import { batchOf } from '../../testing/harness.ts'
import { encodeRequest, RawClient } from '../../testing/raw-client.ts'
import { describeComparison, addressOf } from './peer.ts'
import { produce, nowhere } from './requests.ts'

describeComparison('TestBroker answers as Kafka does before it knows what it is asked', (compare, bootstrapServers) => {
  test('the same versions are offered of what TestBroker serves', async () => {
    const broker = await TestBroker.start()
    const real = await RawClient.connect(addressOf(bootstrapServers))
    const fake = await RawClient.connect(broker.nodes[0]!)
    const request = { clientSoftwareName: 'a', clientSoftwareVersion: '1' }
    const expected = await real.send(apiVersionsApi, 4, request)
    const offered = (await fake.send(apiVersionsApi, 4, request)).apiKeys
    const keys = new Set(offered.map(({ apiKey }) => apiKey))
    expect(offered).toEqual(
      expected.apiKeys.filter(({ apiKey }) => keys.has(apiKey)).toSorted((a, b) => a.apiKey - b.apiKey),
    )
    real.close()
    fake.close()
    await broker.close()
  })

  compare('ApiVersions: bad software names, the wrong cluster or node, unknown versions', async (_, client) => {
    const ask = async (request: object, version = 5): Promise<unknown> => {
      const given = { clientSoftwareName: 'a', clientSoftwareVersion: '1', ...request }
      const { errorCode, apiKeys } = await client.send(apiVersionsApi, version, given)
      return { errorCode, isEmpty: apiKeys.length === 0 }
    }
    const unknown = await client.sendFrame(Uint8Array.of(0, 18, 0, 99, 0, 0, 0, 1, 255, 255, 0))
    return [
      await ask({}),
      await ask({ clientSoftwareName: '' }),
      await ask({ clientSoftwareName: '-a' }, 3),
      await ask({ clientSoftwareVersion: 'a b' }, 4),
      await ask({ clusterId: 'another' }),
      await ask({ clusterId: 'another', nodeId: 1 }),
      await ask({ nodeId: 77 }),
      await ask({ clusterId: 'another', nodeId: 77 }),
      unknown,
    ]
  })

  compare('what cannot be read closes the connection', async (peer) => {
    const frames = [
      Uint8Array.of(0x7f, 0xff, 0, 0, 0, 0, 0, 1, 255, 255),
      Uint8Array.of(0, 3, 0, 99, 0, 0, 0, 1, 255, 255, 0),
      Uint8Array.of(0, 3),
      encodeRequest(metadataApi, 9, { topics: [{ name: 'topic' }] }).subarray(0, 16),
      Uint8Array.of(0, 3, 0, 1, 0, 0, 0, 1, 255, 255, 0x7f, 255, 255, 255),
      Uint8Array.of(0, 18, 0, 3, 0, 0, 0, 1),
    ]
    const answers: unknown[] = []
    for (const frame of frames) answers.push(await (await peer.connect()).sendFrame(frame))
    const acks0 = await peer.connect()
    acks0.post(produceApi, 9, produce(9, nowhere, await batchOf(['a']), { acks: 0 }))
    await acks0.closed
    return answers
  })
})
