import { array, int16, int32, message, string, struct, type Message } from '../schema.ts'

/**
 * The topology of a streams group in `__consumer_offsets`, as the member that first joined with it sent it (KIP-1071).
 */
export interface StreamsGroupTopologyValue {
  /** Raised by the application with each change of its topology. */
  epoch: number
  subtopologies: StreamsGroupSubtopology[]
}

/** A part of the topology whose nodes are connected: it is run once for each partition. */
export interface StreamsGroupSubtopology {
  subtopologyId: string
  sourceTopics: string[]
  /** Regular expressions for further source topics. */
  sourceTopicRegex: string[]
  /** Changelogs of its state stores. */
  stateChangelogTopics: StreamsGroupInternalTopic[]
  /** Repartition topics that it writes to. */
  repartitionSinkTopics: string[]
  /** Repartition topics that it reads from. */
  repartitionSourceTopics: StreamsGroupInternalTopic[]
  copartitionGroups: StreamsGroupCopartitionGroup[]
}

/** A topic that the coordinator creates. */
export interface StreamsGroupInternalTopic {
  name: string
  /** 0 when the number follows from other topics; always 0 for changelogs. */
  partitions: number
  /** 0 for the broker's default. */
  replicationFactor: number
  topicConfigs: StreamsGroupTopicConfig[]
}

export interface StreamsGroupTopicConfig {
  key: string
  value: string
}

/** Source topics that must have equally many partitions, as positions in the lists of the subtopology. */
export interface StreamsGroupCopartitionGroup {
  sourceTopics: number[]
  sourceTopicRegex: number[]
  repartitionSourceTopics: number[]
}

const topicConfig = struct<StreamsGroupTopicConfig>({ key: string, value: string })

const internalTopic = struct<StreamsGroupInternalTopic>({
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(topicConfig),
})

const copartitionGroup = struct<StreamsGroupCopartitionGroup>({
  sourceTopics: array(int16),
  sourceTopicRegex: array(int16),
  repartitionSourceTopics: array(int16),
})

const subtopology = struct<StreamsGroupSubtopology>({
  subtopologyId: string,
  sourceTopics: array(string),
  sourceTopicRegex: array(string),
  stateChangelogTopics: array(internalTopic),
  repartitionSinkTopics: array(string),
  repartitionSourceTopics: array(internalTopic),
  copartitionGroups: array(copartitionGroup),
})

export const streamsGroupTopologyValue: Message<StreamsGroupTopologyValue> = message<StreamsGroupTopologyValue>({
  name: 'StreamsGroupTopologyValue',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { epoch: int32, subtopologies: array(subtopology) },
})
