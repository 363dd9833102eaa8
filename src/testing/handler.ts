import type { VersionRange } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import type { ByteReader } from '../protocol/bytes/reader.ts'
import type { ByteWriter } from '../protocol/bytes/writer.ts'
import { responseHeaderVersion, requestHeaderVersion } from '../protocol/header.ts'
import type { Encodable } from '../protocol/schema.ts'
import type { OfferedApis } from './offered-apis.ts'
import type { ClusterState, NodeState } from './state/cluster-state.ts'

/** What a handler knows besides the request itself. */
export interface RequestContext {
  readonly cluster: ClusterState
  /** The node that was asked. */
  readonly node: NodeState
  readonly apis: OfferedApis
  readonly apiVersion: number
  readonly clientId: string | null
  /** Fires when the connection is lost or its node stops: whatever waits for its sake may end. */
  readonly signal: AbortSignal
}

/** Whether a response is sent, kept back, or replaced by closing the connection. */
export type Delivery = 'send' | 'keep' | 'close'

/** How the broker serves one API. */
export interface Handler<Request extends object, Response extends object> {
  readonly api: Api<Request, Response>
  /** What ApiVersions tells, where that is not what the codec has. */
  readonly advertised?: VersionRange
  handle(request: Request, context: RequestContext): Encodable<Response> | Promise<Encodable<Response>>
  /** A response that says `errorCode` of everything that was asked (Java: AbstractRequest.getErrorResponse). */
  fail(request: Request, errorCode: number, context: RequestContext): Encodable<Response>
  /** Default: every response is sent. */
  delivery?(request: Request, response: Encodable<Response>): Delivery
}

/** An API with the types of its messages left out, so that APIs can be kept in one table. */
export interface ErasedApi {
  readonly api: Api<object, object>
  readonly advertised: VersionRange
  /** Undefined for an API that only a control answers. */
  readonly handler: ErasedHandler | undefined
  requestHeaderVersion(version: number): number
  responseHeaderVersion(version: number): number
  read(reader: ByteReader, version: number): object
  write(writer: ByteWriter, response: object, version: number): void
}

/** A handler with the types of its messages left out. */
export interface ErasedHandler {
  handle(request: object, context: RequestContext): object | Promise<object>
  fail(request: object, errorCode: number, context: RequestContext): object
  delivery(request: object, response: object): Delivery
}

/** Leaves out the types of an API's messages. Whoever calls it hands in messages of this very API. */
export function eraseApi<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  handler?: Handler<Request, Response>,
): ErasedApi {
  return {
    api: api as unknown as Api<object, object>,
    advertised: handler?.advertised ?? api.request.versions,
    handler: handler === undefined ? undefined : eraseHandler(handler),
    requestHeaderVersion: (version) => requestHeaderVersion(api, version),
    responseHeaderVersion: (version) => responseHeaderVersion(api, version),
    read: (reader, version) => api.request.read(reader, version),
    write: (writer, response, version) => api.response.write(writer, response as Encodable<Response>, version),
  }
}

function eraseHandler<Request extends object, Response extends object>(
  handler: Handler<Request, Response>,
): ErasedHandler {
  return {
    handle: (request, context) => handler.handle(request as Request, context),
    fail: (request, errorCode, context) => handler.fail(request as Request, errorCode, context),
    delivery: (request, response) => handler.delivery?.(request as Request, response as Encodable<Response>) ?? 'send',
  }
}
