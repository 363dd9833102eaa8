import { inspect } from '../inspect-value.ts'

/** A regular expression in RE2 syntax that the group's coordinator matches topics with (KIP-848), each name as a whole. */
export interface TopicPattern {
  readonly pattern: string
}

/**
 * What to subscribe to: topics by name; those whose names a RegExp matches somewhere, unless it says `^` and `$`, which this client looks up every
 * `metadataMaxAgeMs`; or those that the coordinator matches, under `groupProtocol: 'consumer'`.
 */
export type Topics = readonly string[] | RegExp | TopicPattern

/** What `topics` must be instead; undefined for what can be subscribed to. */
export function topicsFault(topics: unknown): string | undefined {
  if (topics instanceof RegExp || isPattern(topics)) return undefined
  const areNames =
    Array.isArray(topics) && topics.length > 0 && topics.every((topic) => typeof topic === 'string' && topic !== '')
  if (areNames) return undefined
  return `a list of one topic or more, a RegExp, or { pattern } in RE2 syntax, not ${inspect(topics)}`
}

/** Whether topics are for the coordinator to match. */
export function isPattern(topics: unknown): topics is TopicPattern {
  const { pattern } = (topics ?? {}) as Partial<TopicPattern>
  return typeof pattern === 'string' && pattern !== ''
}
