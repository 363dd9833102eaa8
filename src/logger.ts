import type { ClientEvents, Events } from './events.ts'

/** How much a log entry matters, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * Takes log entries: a sentence, and what it is about as fields. `console` is one; entries of a level whose method is missing
 * are dropped. Nothing secret is ever logged.
 */
export type Logger = { readonly [Level in LogLevel]?: ((message: string, fields: object) => void) | undefined }

/** What an event is in the log. */
interface Entry<Event> {
  readonly level: (event: Event) => LogLevel
  /** Of the levels that the event can have. */
  readonly highest: LogLevel
  readonly message: (event: Event) => string
}

const at = (level: LogLevel): { level: () => LogLevel; highest: LogLevel } => ({ level: () => level, highest: level })
const broker = ({ nodeId, host, port }: { nodeId: number; host: string; port: number }): string =>
  nodeId < 0 ? `${host}:${port}` : `broker ${nodeId} (${host}:${port})`

const place = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}-${partition}`
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const ENTRIES: { readonly [Name in keyof ClientEvents]: Entry<ClientEvents[Name]> } = {
  connect: { ...at('debug'), message: (event) => `connected to ${broker(event)} for ${event.purpose}` },
  connectError: { ...at('warn'), message: ({ error }) => error.message },
  disconnect: {
    level: ({ error }) => (error === undefined ? 'debug' : 'warn'),
    highest: 'warn',
    message: (event) => event.error?.message ?? `disconnected from ${broker(event)}, as it was not needed`,
  },
  request: { ...at('debug'), message: ({ api, version, ...to }) => `${api} ${version} to ${broker(to)}` },
  response: {
    ...at('debug'),
    message: ({ api, durationMs, ...from }) => `${api} of ${broker(from)} after ${durationMs.toFixed(1)} ms`,
  },
  throttle: {
    ...at('warn'),
    message: ({ throttleTimeMs, api, ...by }) =>
      `throttled by ${broker(by)} for ${throttleTimeMs} ms, as a quota is exceeded: ${api}`,
  },
  metadata: {
    ...at('debug'),
    message: ({ brokerCount, topicCount }) => `metadata of ${brokerCount} brokers and ${topicCount} topics`,
  },
  produce: { ...at('debug'), message: ({ batchCount, nodeId }) => `${batchCount} batches to broker ${nodeId}` },
  produced: {
    ...at('debug'),
    message: ({ nodeId, durationMs }) => `batches were answered by broker ${nodeId} after ${durationMs.toFixed(1)} ms`,
  },
  batchEnd: {
    level: ({ error }) => (error === undefined ? 'debug' : 'warn'),
    highest: 'warn',
    message: ({ recordCount, error, ...to }) =>
      error === undefined
        ? `${recordCount} records were delivered to ${place(to)}`
        : `${recordCount} records for ${place(to)} were not delivered: ${error.message}`,
  },
  retry: {
    ...at('info'),
    message: ({ recordCount, error, delayMs, ...to }) =>
      `${recordCount} records for ${place(to)} are sent again in ${delayMs.toFixed(0)} ms: ${error.message}`,
  },
  split: {
    ...at('info'),
    message: ({ partCount, ...of }) => `a batch for ${place(of)} was too large: it goes out in ${partCount}`,
  },
  fetch: {
    ...at('debug'),
    message: ({ recordCount, nodeId, durationMs }) =>
      `${recordCount} records from broker ${nodeId} after ${durationMs.toFixed(1)} ms`,
  },
  lag: { ...at('debug'), message: ({ lag, ...of }) => `${place(of)} has ${lag} records to go` },
  commit: {
    level: ({ error }) => (error === undefined ? 'debug' : 'warn'),
    highest: 'warn',
    message: ({ offsets, groupId, error }) =>
      error === undefined
        ? `group ${groupId} committed offsets of ${offsets.length} partitions`
        : `group ${groupId} did not commit offsets of ${offsets.length} partitions: ${messageOf(error)}`,
  },
  rebalance: {
    level: ({ hasFailed }) => (hasFailed ? 'warn' : 'info'),
    highest: 'warn',
    message: ({ groupId, partitions, durationMs, hasFailed }) =>
      hasFailed
        ? `joining group ${groupId} failed after ${durationMs.toFixed(0)} ms`
        : `${partitions.length} partitions of group ${groupId} after a rebalance of ${durationMs.toFixed(0)} ms`,
  },
  stalled: {
    ...at('warn'),
    message: ({ stalledMs, waitsFor, lastError, ...of }) =>
      `${place(of)} has not moved for ${stalledMs.toFixed(0)} ms; it waits for: ${waitsFor}` +
      (lastError === undefined ? '' : `; ${messageOf(lastError)}`),
  },
}

/** The methods of a logger from a level on, and no others. */
export function loggerAbove(logger: Logger, minimum: LogLevel): Logger {
  const levels = LOG_LEVELS.slice(LOG_LEVELS.indexOf(minimum))
  return Object.fromEntries(
    levels
      .filter((level) => typeof logger[level] === 'function')
      .map((level) => [level, (message: string, fields: object) => logger[level]?.(message, fields)]),
  )
}

/** Has the logger told what events say. Events below its levels are not even made. */
export function logEvents(events: Events, logger: Logger): void {
  for (const [name, { level, highest, message }] of Object.entries(ENTRIES as Record<string, Entry<never>>)) {
    const possible = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(highest) + 1)
    if (possible.every((each) => logger[each] === undefined)) continue
    const listener = (event: never): void => logger[level(event)]?.(message(event), event)
    events.on(name as keyof ClientEvents, listener as (event: object) => void)
  }
}
