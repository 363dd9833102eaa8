import type { Api } from '../api.ts'
import { array, int16, int32, int8, message, nullable, string, struct } from '../schema.ts'

/**
 * Hands the graph of a Streams application to the group coordinator, for StreamsGroupDescribe to show (KIP-1331). Sent
 * when a heartbeat asked for it.
 */
export interface StreamsGroupTopologyDescriptionUpdateRequest {
  groupId: string
  /** A present member of the group. */
  memberId: string
  /** Epoch of the topology that is described. */
  topologyEpoch: number
  topologyDescription: StreamsGroupTopologyDescription
}

export interface StreamsGroupTopologyDescription {
  subtopologies: StreamsGroupTopologyDescriptionSubtopology[]
  globalStores: StreamsGroupTopologyDescriptionGlobalStore[]
}

export interface StreamsGroupTopologyDescriptionSubtopology {
  subtopologyId: string
  nodes: StreamsGroupTopologyDescriptionNode[]
}

export interface StreamsGroupTopologyDescriptionNode {
  name: string
  /** 1 source, 2 processor, 3 sink. */
  nodeType: number
  /** Of a source; empty when they are found at run time. */
  sourceTopics: string[]
  /** Of a sink; null when it is chosen at run time. */
  sinkTopic: string | null
  /** Of a processor: the state stores it uses. */
  stores: string[]
  /** Names of the nodes that its output goes to. */
  successors: string[]
}

/** A store that every instance fills in full. */
export interface StreamsGroupTopologyDescriptionGlobalStore {
  source: StreamsGroupTopologyDescriptionNode
  processor: StreamsGroupTopologyDescriptionNode
}

/** Whether the description was taken. */
export interface StreamsGroupTopologyDescriptionUpdateResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE: look the coordinator up again; COORDINATOR_LOAD_IN_PROGRESS: wait;
   * UNKNOWN_MEMBER_ID: the member is out, or the group is gone: join anew; STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED:
   * the broker could not store it; UNSUPPORTED_VERSION: it has nowhere to store it; GROUP_ID_NOT_FOUND,
   * GROUP_AUTHORIZATION_FAILED, INVALID_REQUEST.
   */
  errorCode: number
  errorMessage: string | null
}

const node = struct<StreamsGroupTopologyDescriptionNode>({
  name: string,
  nodeType: int8,
  sourceTopics: array(string),
  sinkTopic: nullable(string).default(null),
  stores: array(string),
  successors: array(string),
})

const subtopology = struct<StreamsGroupTopologyDescriptionSubtopology>({ subtopologyId: string, nodes: array(node) })

const globalStore = struct<StreamsGroupTopologyDescriptionGlobalStore>({ source: node, processor: node })

const topologyDescription = struct<StreamsGroupTopologyDescription>({
  subtopologies: array(subtopology),
  globalStores: array(globalStore),
})

export const streamsGroupTopologyDescriptionUpdateApi: Api<
  StreamsGroupTopologyDescriptionUpdateRequest,
  StreamsGroupTopologyDescriptionUpdateResponse
> = {
  name: 'StreamsGroupTopologyDescriptionUpdate',
  key: 93,
  request: message<StreamsGroupTopologyDescriptionUpdateRequest>({
    name: 'StreamsGroupTopologyDescriptionUpdateRequest',
    apiKey: 93,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { groupId: string, memberId: string, topologyEpoch: int32, topologyDescription },
  }),
  response: message<StreamsGroupTopologyDescriptionUpdateResponse>({
    name: 'StreamsGroupTopologyDescriptionUpdateResponse',
    apiKey: 93,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16, errorMessage: nullable(string).default(null) },
  }),
}
