import { ConnectionError, UnsupportedVersionError, type VersionRange } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { ByteReader } from '../protocol/bytes/reader.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'
import { apiVersionsApi, type ApiVersionsResponse } from '../protocol/messages/18-api-versions.ts'

/** The APIs, versions and cluster features that one broker offers, as of one ApiVersions response. */
export class VersionTable {
  /** Of a connection that has not asked yet: offers nothing. */
  static readonly EMPTY: VersionTable = new VersionTable([], new Map(), -1n)

  /** Rises with each change of the cluster's features; -1 when unknown. */
  readonly featuresEpoch: bigint
  readonly #ranges = new Map<number, VersionRange>()
  readonly #features: ReadonlyMap<string, number>

  constructor(
    apiKeys: readonly { apiKey: number; minVersion: number; maxVersion: number }[],
    features: ReadonlyMap<string, number>,
    featuresEpoch: bigint,
  ) {
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      this.#ranges.set(apiKey, { min: minVersion, max: maxVersion })
    }
    this.#features = features
    this.featuresEpoch = featuresEpoch
  }

  /** The versions of an API that the broker offers; undefined when it does not have the API. */
  range(apiKey: number): VersionRange | undefined {
    return this.#ranges.get(apiKey)
  }

  /** The finalized level of a feature such as `transaction.version`; 0 when it is off or unknown. */
  feature(name: string): number {
    return this.#features.get(name) ?? 0
  }

  /** The highest version that client and broker share, at most `maxVersion`. Throws UnsupportedVersionError when there is none. */
  pick<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    maxVersion: number = Infinity,
  ): number {
    const client = api.request.versions
    const broker = this.range(api.key)
    if (broker !== undefined) {
      const version = Math.min(client.max, broker.max, maxVersion)
      if (version >= Math.max(client.min, broker.min)) return version
    }
    throw new UnsupportedVersionError(noCommonVersion(api.name, client, broker, maxVersion), {
      api: api.name,
      client,
      broker,
    })
  }
}

function noCommonVersion(
  api: string,
  client: VersionRange,
  broker: VersionRange | undefined,
  maxVersion: number,
): string {
  if (broker === undefined)
    return `the broker does not offer ${api}: it needs a newer broker, or the listener is a controller's`
  const limit = maxVersion < client.max ? `, and only up to ${maxVersion} here` : ''
  const older = broker.max < client.min ? 'broker' : 'client'
  return (
    `${api} has no version in common: this client speaks ${client.min} to ${client.max}${limit}, ` +
    `the broker ${broker.min} to ${broker.max}: a newer ${older} is needed`
  )
}

/** Sends one ApiVersions request at the given version and gives the response frame's body, undecoded. */
export type AskVersions = (version: number) => Promise<ApiVersionsResponse>

/**
 * Asks a broker what it offers, beginning at version `start`. A broker that does not know the version answers with
 * UNSUPPORTED_VERSION, in the form of version 0, and since Kafka 2.4 (KIP-511) with the versions of ApiVersions it does know.
 */
export async function negotiateVersions(
  ask: AskVersions,
  start: number,
  at: { host: string; port: number; peer: string },
): Promise<VersionTable> {
  let version = start
  for (;;) {
    const response = await ask(version)
    if (response.errorCode === ERROR.NONE) return tableOf(response)
    if (response.errorCode !== ERROR.UNSUPPORTED_VERSION || version === 0) {
      const cause = brokerError(response.errorCode, { api: apiVersionsApi.name })
      throw new ConnectionError(`${at.peer} did not tell its versions: ${cause.message}`, at, {
        cause,
        retriable: cause.retriable || response.errorCode === ERROR.REBOOTSTRAP_REQUIRED,
      })
    }
    const offered = response.apiKeys.find(({ apiKey }) => apiKey === apiVersionsApi.key)
    version = offered === undefined ? 0 : Math.max(0, Math.min(offered.maxVersion, version - 1))
  }
}

/** An ApiVersions response: at `version`, unless it says UNSUPPORTED_VERSION, which always comes in the form of version 0. */
export function decodeApiVersions(body: Uint8Array, version: number): ApiVersionsResponse {
  const isRefusal = new ByteReader(body).int16() === ERROR.UNSUPPORTED_VERSION
  return apiVersionsApi.response.decode(body, isRefusal ? 0 : version)
}

function tableOf(response: ApiVersionsResponse): VersionTable {
  const features = new Map<string, number>()
  for (const { name, maxVersionLevel } of response.finalizedFeatures) features.set(name, maxVersionLevel)
  return new VersionTable(response.apiKeys, features, response.finalizedFeaturesEpoch)
}
