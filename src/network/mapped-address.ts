import { ConfigError } from '../errors.ts'
import type { AddressMapper, MappedAddress } from './transport.ts'

/** What the mapper says of a broker. Rejects with ConfigError when that is no address, and when the mapper fails. */
export async function mappedAddress(
  map: AddressMapper,
  broker: { nodeId: number; host: string; port: number },
): Promise<MappedAddress> {
  const from = `${broker.host}:${broker.port}`
  let mapped: unknown
  try {
    mapped = await map(broker)
  } catch (cause) {
    const message = `the function mapAddress failed for ${from}, see the cause`
    throw new ConfigError('mapAddress', message, { cause, retriable: true })
  }
  const { host, port } = (mapped ?? {}) as Partial<MappedAddress>
  if (typeof host === 'string' && host !== '' && Number.isInteger(port)) return mapped as MappedAddress
  throw new ConfigError('mapAddress', `the function mapAddress returned no { host, port } for ${from}`)
}
