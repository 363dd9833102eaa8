/**
 * What a connection is for. Brokers answer a connection's requests one after the other, so a request that may wait there
 * (a fetch, a join) gets a connection where nothing else has to wait behind it.
 */
export type Purpose = 'general' | 'produce' | 'fetch' | 'group'

/** Which connection something happened on. */
export interface ConnectionEvent {
  /** Negative for a bootstrap address whose broker is not known yet. */
  nodeId: number
  host: string
  port: number
  purpose: Purpose
}

/** A request that was written. */
export interface RequestEvent extends ConnectionEvent {
  /** Kafka's name of the API, such as `Fetch`. */
  api: string
  version: number
  correlationId: number
  /** With header and size. */
  sizeInBytes: number
}

/** A response that was read. */
export interface ResponseEvent extends RequestEvent {
  /** Milliseconds from writing the request. */
  durationMs: number
}

/**
 * Callbacks for tests, logs and metrics. They run in the middle of things: they must be quick and must not throw.
 * What is absent costs nothing.
 */
export interface NetworkHooks {
  connect?: ((event: ConnectionEvent) => void) | undefined
  /** `error` is undefined when this side closed the connection because it was idle or no longer needed. */
  disconnect?: ((event: ConnectionEvent & { error: Error | undefined }) => void) | undefined
  request?: ((event: RequestEvent) => void) | undefined
  response?: ((event: ResponseEvent) => void) | undefined
  /** The broker asked for a pause after a quota was exceeded; requests wait for as long. */
  throttle?: ((event: ConnectionEvent & { api: string; throttleTimeMs: number }) => void) | undefined
  metadata?: ((event: { clusterId: string | null; brokerCount: number; topicCount: number }) => void) | undefined
}
