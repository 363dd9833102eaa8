import { DecodeError } from '../errors.ts'
import { apiKeys } from '../protocol/api-keys.ts'
import { ByteReader } from '../protocol/bytes/reader.ts'
import { ByteWriter } from '../protocol/bytes/writer.ts'
import { requestHeader, responseHeader, type RequestHeader } from '../protocol/header.ts'
import type { ControlDecision, Controls } from './control.ts'
import type { RequestContext } from './handler.ts'
import { unsupportedApiVersions } from './handlers/18-api-versions.ts'
import type { OfferedApi, OfferedApis } from './offered-apis.ts'
import type { RequestLog } from './request-log.ts'
import type { ClusterState, NodeState } from './state/cluster-state.ts'

/**
 * What becomes of a request: a frame to send, nothing and on to the next, nothing ever again, or the end of the
 * connection.
 */
export type Outcome = { kind: 'send'; frame: Uint8Array } | { kind: 'skip' } | { kind: 'stall' } | { kind: 'close' }

/** A request that was read, with the API that it is of. */
interface Incoming {
  readonly offered: OfferedApi
  readonly header: RequestHeader
  readonly request: object
}

/** Turns request frames into response frames, for all nodes of a broker. */
export class RequestServer {
  readonly #cluster: ClusterState
  readonly #apis: OfferedApis
  readonly #controls: Controls
  readonly #log: RequestLog

  constructor(cluster: ClusterState, apis: OfferedApis, controls: Controls, log: RequestLog) {
    this.#cluster = cluster
    this.#apis = apis
    this.#controls = controls
    this.#log = log
  }

  /**
   * Answers one request. Like Kafka, the broker closes the connection for what it cannot read: a malformed request, an
   * unknown API, a version that it does not serve. Only an unknown version of ApiVersions gets an answer.
   * @param signal - fires when the connection is lost.
   */
  async serve(frame: Uint8Array, node: NodeState, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#answer(frame, node, signal)
    } catch (error) {
      // A response that a control made up and that cannot be encoded, or a fault of the broker's own: the client is not to
      // take anything for an answer, and whoever closes the broker is to know.
      this.#controls.firstError ??= { error }
      return { kind: 'close' }
    }
  }

  async #answer(frame: Uint8Array, node: NodeState, signal: AbortSignal): Promise<Outcome> {
    const read = this.#read(frame)
    if ('kind' in read) return read
    const { offered, header, request } = read
    const { api } = offered.erased
    const { requestApiVersion: apiVersion, correlationId, clientId } = header
    const received = {
      nodeId: node.id,
      apiName: api.name,
      apiKey: api.key,
      apiVersion,
      correlationId,
      clientId,
      request,
    }
    this.#log.add(received, frame.length)
    const context: RequestContext = { cluster: this.#cluster, node, apis: this.#apis, apiVersion, clientId, signal }
    const respond = (decision: ControlDecision): Promise<object> => this.#complete(read, decision, context)
    const decision = this.#controls.has(api.key)
      ? await this.#controls.decide({ ...received, header }, respond)
      : ({ kind: 'serve' } as const)
    if (decision.kind === 'drop') return { kind: 'close' }
    if (decision.kind === 'ignore') return { kind: 'stall' }
    return this.#deliver(read, decision, context)
  }

  #read(frame: Uint8Array): Incoming | Outcome {
    try {
      const reader = new ByteReader(frame)
      const apiKey = reader.int16()
      const apiVersion = reader.int16()
      const offered = this.#apis.get(apiKey)
      if (offered === undefined) return { kind: 'close' }
      if (!this.#apis.serves(offered, apiVersion)) {
        if (apiKey !== apiKeys.ApiVersions) return { kind: 'close' }
        return { kind: 'send', frame: encodeFrame(offered, 0, reader.int32(), unsupportedApiVersions(offered)) }
      }
      reader.offset = 0
      const header = requestHeader.read(reader, offered.erased.requestHeaderVersion(apiVersion))
      return { offered, header, request: offered.erased.read(reader, apiVersion) }
    } catch (error) {
      if (error instanceof DecodeError) return { kind: 'close' }
      throw error
    }
  }

  /** The response to what was decided, with every field in place, as the client would decode it. */
  async #complete(incoming: Incoming, decision: ControlDecision, context: RequestContext): Promise<object> {
    const { api } = incoming.offered.erased
    const response = await respond(incoming, decision, context)
    const { apiVersion } = context
    return api.response.decode(api.response.encode(response, apiVersion), apiVersion)
  }

  async #deliver(incoming: Incoming, decision: ControlDecision, context: RequestContext): Promise<Outcome> {
    const { offered, header, request } = incoming
    const response = await respond(incoming, decision, context)
    const delivery = offered.erased.handler?.delivery(request, response) ?? 'send'
    if (delivery === 'close') return { kind: 'close' }
    if (delivery === 'keep') return { kind: 'skip' }
    return { kind: 'send', frame: encodeFrame(offered, context.apiVersion, header.correlationId, response) }
  }
}

function respond(
  { offered, request }: Incoming,
  decision: ControlDecision,
  context: RequestContext,
): object | Promise<object> {
  const { api, handler } = offered.erased
  if (decision.kind === 'respond') return decision.response
  if (decision.kind === 'fail')
    return handler?.fail(request, decision.errorCode, context) ?? { errorCode: decision.errorCode }
  if (decision.kind !== 'serve') return Promise.reject(new Error(`${decision.kind} is no response`))
  return handler?.handle(request, context) ?? Promise.reject(new Error(`no control answers ${api.name}`))
}

function encodeFrame(offered: OfferedApi, apiVersion: number, correlationId: number, response: object): Uint8Array {
  const writer = new ByteWriter()
  const sizeAt = writer.reserve(4)
  responseHeader.write(writer, { correlationId }, offered.erased.responseHeaderVersion(apiVersion))
  offered.erased.write(writer, response, apiVersion)
  writer.int32At(sizeAt, writer.length - 4)
  return writer.finish()
}
