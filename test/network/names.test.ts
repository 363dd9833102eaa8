import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError, ConnectionError } from '../../src/errors.ts'
import { Cluster, type ClusterOptions } from '../../src/network/cluster.ts'
import { lookupInTurn, type NameAddress, type NameService } from '../../src/network/names.ts'
import { nodeTransport, transportWith } from '../../src/network/node.ts'
import type { Transport } from '../../src/network/transport.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { FakeBroker } from './fake-broker.ts'
import { rejection } from './rejection.ts'

const WAIT = { timeoutMs: 20_000 }
const NAME = 'kafka.test'

let cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  cleanUps = []
})

/** A name service that tests write into. */
class Names implements NameService {
  readonly addresses = new Map<string, string[]>()
  /** Names of addresses. */
  readonly canonical = new Map<string, string>()
  readonly asked: string[] = []

  lookup(host: string, _: object, callback: (error: Error | null, addresses: readonly NameAddress[]) => void): void {
    this.asked.push(host)
    const found = this.addresses.get(host)
    if (found === undefined) callback(Object.assign(new Error(`ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), [])
    else
      callback(
        null,
        found.map((address) => ({ address, family: 4 })),
      )
  }

  lookupService(address: string, _: number, callback: (error: Error | null, host: string) => void): void {
    const name = this.canonical.get(address)
    if (name === undefined) callback(new Error(`no name for ${address}`), '')
    else callback(null, name)
  }
}

/** A broker at an address of this machine that lists itself under a name. */
async function start(host: string, port = 0, name = NAME): Promise<FakeBroker> {
  const broker: FakeBroker = await FakeBroker.start(
    {
      Metadata: (request) =>
        request.answer(metadataApi, { brokers: [{ nodeId: 1, host: name, port: broker.port }], topics: [] }),
    },
    port,
    undefined,
    host,
  )
  cleanUps.push(() => broker.close())
  return broker
}

function clusterOf(names: Names, host: string, port: number, options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({
    bootstrapServers: [{ host, port }],
    transport: transportWith(names),
    retryBackoffMs: 5,
    retryBackoffMaxMs: 20,
    reconnectBackoffMs: 5,
    reconnectBackoffMaxMs: 20,
    ...options,
  })
  cleanUps.push(() => cluster.close())
  return cluster
}

describe('the addresses of a name', () => {
  test('are tried one after the other until one takes the connection', async () => {
    const broker = await start('127.0.0.3')
    const names = new Names()
    names.addresses.set(NAME, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    await clusterOf(names, NAME, broker.port).refresh(WAIT)
    expect(broker.requestsOf('Metadata')).toHaveLength(1)
  })

  test('come next when one takes connections and serves none, and the one that serves stays first', async () => {
    const dead = await start('127.0.0.2')
    dead.on('ApiVersions', () => {})
    const broker = await start('127.0.0.1', dead.port)
    const names = new Names()
    names.addresses.set(NAME, ['127.0.0.2', '127.0.0.1'])
    const cluster = clusterOf(names, NAME, broker.port, { connectionTimeoutMs: 100 })
    await cluster.refresh(WAIT)
    const leader = cluster.broker(1)!
    let isServed = false
    while (!isServed) isServed = await leader.request('produce', metadataApi, { topics: [] }).then(() => true, never)
    const triedBefore = dead.sockets.length
    await leader.request('fetch', metadataApi, { topics: [] })
    await leader.request('group', metadataApi, { topics: [] })
    expect(dead.sockets).toHaveLength(triedBefore)
  })

  test('are looked up anew once all of them have failed, so that a change of the name is followed', async () => {
    const before = await start('127.0.0.2')
    const names = new Names()
    names.addresses.set(NAME, ['127.0.0.2'])
    const cluster = clusterOf(names, NAME, before.port)
    await cluster.refresh(WAIT)
    const { port } = before
    await before.close()
    expect(await rejection(cluster.refresh({ timeoutMs: 200 }))).toBeInstanceOf(ConnectionError)
    const after = await start('127.0.0.3', port)
    const askedBefore = names.asked.length
    names.addresses.set(NAME, ['127.0.0.3'])
    await cluster.refresh(WAIT)
    expect(after.requestsOf('Metadata').length).toBeGreaterThan(0)
    expect(names.asked.length).toBeGreaterThan(askedBefore)
  })

  test('may be missing for a while', async () => {
    const broker = await start('127.0.0.1')
    const names = new Names()
    const cluster = clusterOf(names, NAME, broker.port)
    const error = await rejection(cluster.refresh({ timeoutMs: 100 }))
    expect((error as Error).message).toContain('the host name is unknown')
    names.addresses.set(NAME, ['127.0.0.1'])
    await cluster.refresh(WAIT)
    expect(broker.requestsOf('Metadata').length).toBeGreaterThan(0)
  })

  test('are given one or all, as the socket asks for', () => {
    const names = new Names()
    names.addresses.set(NAME, ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    const firsts = [0, 1, 2, 3].map((turn) => {
      let given: unknown
      lookupInTurn(names, turn)(NAME, {}, (_, address, family) => (given = [address, family]))
      return given
    })
    expect(firsts).toEqual([
      ['10.0.0.1', 4],
      ['10.0.0.2', 4],
      ['10.0.0.3', 4],
      ['10.0.0.1', 4],
    ])
    let all: unknown
    lookupInTurn(names, 2)(NAME, { all: true }, (_, addresses) => (all = addresses))
    expect(all).toEqual(['10.0.0.3', '10.0.0.1', '10.0.0.2'].map((address) => ({ address, family: 4 })))
  })
})

describe('canonical names of bootstrap servers', () => {
  const ALIAS = 'alias.test'
  const clientDnsLookup = 'resolve_canonical_bootstrap_servers_only'

  test('take the place of an alias, or the address where it has no name', async () => {
    const names = new Names()
    names.addresses.set(ALIAS, ['127.0.0.2', '127.0.0.3'])
    names.addresses.set(NAME, ['127.0.0.2'])
    names.canonical.set('127.0.0.2', NAME)
    const connected = new Set<string>()
    const cluster = clusterOf(names, ALIAS, 9092, {
      clientDnsLookup,
      mapAddress: ({ host }) => {
        connected.add(host)
        throw new Error('that is all this test wants to know')
      },
    })
    expect(await rejection(cluster.refresh({ timeoutMs: 300 }))).toBeInstanceOf(Error)
    expect(connected).toEqual(new Set([NAME, '127.0.0.3']))
  })

  test('are looked up again when the bootstrap is repeated', async () => {
    const before = await start('127.0.0.2')
    const names = new Names()
    names.addresses.set(ALIAS, ['127.0.0.2'])
    names.canonical.set('127.0.0.2', NAME)
    names.addresses.set(NAME, ['127.0.0.2'])
    const cluster = clusterOf(names, ALIAS, before.port, { clientDnsLookup, metadataRecoveryRebootstrapTriggerMs: 0 })
    await cluster.refresh(WAIT)
    const { port } = before
    await before.close()
    const after = await start('127.0.0.3', port, '127.0.0.3')
    names.addresses.set(ALIAS, ['127.0.0.3'])
    await cluster.refresh(WAIT)
    expect(after.requestsOf('Metadata').length).toBeGreaterThan(0)
  })

  test('of servers without any address fail as a lost connection, which names the servers', async () => {
    const error = await rejection(clusterOf(new Names(), ALIAS, 9092, { clientDnsLookup }).refresh({ timeoutMs: 100 }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect((error as Error).message).toContain('no bootstrap server has an address: alias.test')
  })

  test('need a transport that has them', () => {
    const transport: Transport = { connect: (options) => nodeTransport.connect(options) }
    const make = (): unknown => clusterOf(new Names(), ALIAS, 9092, { clientDnsLookup, transport })
    expect(make).toThrow(ConfigError)
    expect(make).toThrow('canonicalNames')
  })

  test('come from the system where nothing else is said', async () => {
    expect(await nodeTransport.canonicalNames!('127.0.0.1')).toHaveLength(1)
  })
})

const never = (): boolean => false
