/**
 * What a connection is for. Brokers answer a connection's requests one after the other, so a request that may wait there
 * (a fetch, a join) gets a connection where nothing else has to wait behind it.
 */
export type Purpose = 'general' | 'produce' | 'fetch' | 'group'

/** Which connection something happened on. */
export interface ConnectionEvent {
  clientId: string
  /** Negative for a bootstrap address whose broker is not known yet. */
  nodeId: number
  /** As the broker advertises it, whatever address it is reached by. */
  host: string
  port: number
  purpose: Purpose
}

/** A connection is ready for use. */
export interface ConnectEvent extends ConnectionEvent {
  /** Milliseconds that it took: TCP, TLS, the first request and the login. */
  durationMs: number
}

/** A connection could not be made. */
export interface ConnectErrorEvent extends ConnectEvent {
  error: Error
}

/** A connection that was ready has ended. */
export interface DisconnectEvent extends ConnectionEvent {
  /** Undefined when this side closed the connection because it was idle or no longer needed. */
  error: Error | undefined
}

/** A request was written. */
export interface RequestEvent extends ConnectionEvent {
  /** Kafka's name of the API, such as `Fetch`. */
  api: string
  version: number
  correlationId: number
  /** Of the request, with header and size. */
  sizeInBytes: number
}

/** A response was read. */
export interface ResponseEvent extends RequestEvent {
  /** Of the response, with header and size. */
  responseSizeInBytes: number
  /** Milliseconds from writing the request. */
  durationMs: number
}

/** The broker asked for a pause after a quota was exceeded; requests of the connection wait for as long. */
export interface ThrottleEvent extends ConnectionEvent {
  api: string
  throttleTimeMs: number
}

/** Metadata was fetched. */
export interface MetadataEvent {
  clientId: string
  clusterId: string | null
  brokerCount: number
  /** Topics that are known. */
  topicCount: number
}

/** What can be observed of the network, by name. */
export interface NetworkEvents {
  connect: ConnectEvent
  connectError: ConnectErrorEvent
  disconnect: DisconnectEvent
  request: RequestEvent
  response: ResponseEvent
  throttle: ThrottleEvent
  metadata: MetadataEvent
}

/**
 * Callbacks for what happens. They run in the middle of things: they must be quick and must not throw. They are looked up
 * each time, so that one may come and go; while it is undefined, its event is not even made.
 */
export type NetworkHooks = {
  readonly [Name in keyof NetworkEvents]?: ((event: NetworkEvents[Name]) => void) | undefined
}
