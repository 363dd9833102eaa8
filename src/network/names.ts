/** One of the addresses that a name has. */
export interface NameAddress {
  address: string
  /** 4 or 6. */
  family: number
}

/** How names are looked up: what `node:dns` has, or a stand-in for it. */
export interface NameService {
  /** All addresses of a name. */
  lookup(
    host: string,
    options: { all: true },
    callback: (error: Error | null, addresses: readonly NameAddress[]) => void,
  ): void
  /** The name that an address has itself. */
  lookupService(address: string, port: number, callback: (error: Error | null, host: string) => void): void
}

/** What a socket takes to look a name up by. */
export type SocketLookup = (
  host: string,
  options: { all?: boolean | undefined },
  callback: (error: Error | null, address: string | NameAddress[], family?: number) => void,
) => void

/**
 * Looks a name up anew for each connection, and puts another of its addresses first for each turn: one that takes connections
 * and serves none of them must not keep a client from the others (Java: ClusterConnectionStates.moveToNextAddress).
 */
export function lookupInTurn(names: NameService, turn: number): SocketLookup {
  return (host, options, callback) => {
    names.lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      const first = addresses.length === 0 ? 0 : turn % addresses.length
      const inTurn = [...addresses.slice(first), ...addresses.slice(0, first)]
      if (options.all === true) callback(null, inTurn)
      else callback(null, inTurn[0]?.address ?? '', inTurn[0]?.family)
    })
  }
}

/**
 * The names that the addresses of a host have themselves: one for each, or the address where it has none
 * (Java: client.dns.lookup=resolve_canonical_bootstrap_servers_only). Rejects when the host has no address.
 */
export async function canonicalNames(names: NameService, host: string): Promise<string[]> {
  const addresses = await new Promise<readonly NameAddress[]>((resolve, reject) => {
    names.lookup(host, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })
  const canonical = addresses.map(
    ({ address }) =>
      new Promise<string>((resolve) => {
        // The port only decides which service is named beside the host.
        names.lookupService(address, 0, (error, name) => resolve(error === null ? name : address))
      }),
  )
  return [...new Set(await Promise.all(canonical))]
}
