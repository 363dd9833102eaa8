import { ERROR } from '../../protocol/error-codes.ts'
import {
  apiVersionsApi,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
} from '../../protocol/messages/18-api-versions.ts'
import type { Encodable } from '../../protocol/schema.ts'
import type { Handler } from '../handler.ts'
import type { OfferedApi } from '../offered-apis.ts'
import { TRANSACTION_VERSION } from '../state/cluster-state.ts'

/** First version that names the client's software (KIP-511). */
const FIRST_VERSION_WITH_SOFTWARE = 3
/** What a name or version of software may look like (Java: ApiVersionsRequest). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

const SUPPORTED_FEATURES = [{ name: TRANSACTION_VERSION, minVersion: 0, maxVersion: 2 }]

export const apiVersionsHandler: Handler<ApiVersionsRequest, ApiVersionsResponse> = {
  api: apiVersionsApi,

  handle(request, { cluster, node, apis, apiVersion }) {
    const { clientSoftwareName, clientSoftwareVersion, clusterId, nodeId } = request
    if (apiVersion >= FIRST_VERSION_WITH_SOFTWARE) {
      if (!SOFTWARE.test(clientSoftwareName) || !SOFTWARE.test(clientSoftwareVersion)) {
        return { errorCode: ERROR.INVALID_REQUEST }
      }
    }
    // A client that is at the wrong cluster or node starts over from its bootstrap servers (KIP-1242). It has to name
    // both.
    if ((clusterId === null) !== (nodeId === -1)) return { errorCode: ERROR.INVALID_REQUEST }
    const isHere = clusterId === null || (clusterId === cluster.clusterId && nodeId === node.id)
    if (!isHere) return { errorCode: ERROR.REBOOTSTRAP_REQUIRED }
    const finalized = [...cluster.features].filter(([, level]) => level > 0)
    return {
      apiKeys: apis.all().map(describe),
      supportedFeatures: SUPPORTED_FEATURES,
      finalizedFeaturesEpoch: cluster.featuresEpoch,
      finalizedFeatures: finalized.map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
    }
  },

  fail(_request, errorCode) {
    return { errorCode }
  },
}

/**
 * The answer to a version that the broker does not know. It is in the format of version 0, which every client reads.
 * Since Kafka 2.4, which brought version 3, it tells the versions of ApiVersions itself (KIP-511).
 */
export function unsupportedApiVersions(offered: OfferedApi): Encodable<ApiVersionsResponse> {
  const apiKeys = offered.advertised.max >= FIRST_VERSION_WITH_SOFTWARE ? [describe(offered)] : []
  return { errorCode: ERROR.UNSUPPORTED_VERSION, apiKeys }
}

function describe({ erased, advertised }: OfferedApi): ApiVersionsResponse['apiKeys'][number] {
  return { apiKey: erased.api.key, minVersion: advertised.min, maxVersion: advertised.max }
}
