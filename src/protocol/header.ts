import { apiKeys } from './api-keys.ts'
import type { Api } from './api.ts'
import type { ByteReader } from './bytes/reader.ts'
import { ByteWriter } from './bytes/writer.ts'
import { Field, int16, int32, type Message, message, nullable, string, unknownTaggedFields } from './schema.ts'

/** What precedes every request body. */
export interface RequestHeader {
  requestApiKey: number
  requestApiVersion: number
  /** Comes back in the response; brokers answer the requests of a connection in order. */
  correlationId: number
  /** Name of the application, for the broker's logs, metrics and quotas. */
  clientId: string | null
}

/** What precedes every response body. */
export interface ResponseHeader {
  /** That of the request which is answered. */
  correlationId: number
}

/**
 * The client id keeps its int16 length in the flexible header too, so that a broker can read the header of an ApiVersions
 * request newer than itself (KIP-482).
 */
const plainString: Field<string> = new Field(
  { ...string.type, compile: (context) => string.type.compile({ ...context, isFlexible: false }) },
  string.options,
)

export const requestHeader: Message<RequestHeader> = message<RequestHeader>({
  name: 'RequestHeader',
  apiKey: null,
  versions: { min: 1, max: 2 },
  flexibleFrom: 2,
  fields: {
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: nullable(plainString, 1).since(1),
  },
  direct: {
    write(writer, header, version) {
      const { requestApiKey, requestApiVersion, correlationId, clientId } = header
      if (requestApiKey === undefined || requestApiVersion === undefined || correlationId === undefined) return false
      if (typeof clientId !== 'string' || unknownTaggedFields in header) return false
      writer.int16(requestApiKey)
      writer.int16(requestApiVersion)
      writer.int32(correlationId)
      writer.string(clientId)
      if (version >= 2) writer.unsignedVarint(0)
      return true
    },
  },
})

/** A client id as it is in request headers. Throws EncodeError. */
export function encodeClientId(clientId: string): Uint8Array {
  const writer = new ByteWriter()
  writer.string(clientId)
  return writer.finish()
}

/** Writes the header of a request without tagged fields. @param clientId - as `encodeClientId` gives it. */
export function writeRequestHeader<Request extends object, Response extends object>(
  writer: ByteWriter,
  api: Api<Request, Response>,
  version: number,
  correlationId: number,
  clientId: Uint8Array,
): void {
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(correlationId)
  writer.raw(clientId)
  if (requestHeaderVersion(api, version) >= 2) writer.unsignedVarint(0)
}

export const responseHeader: Message<ResponseHeader> = message<ResponseHeader>({
  name: 'ResponseHeader',
  apiKey: null,
  versions: { min: 0, max: 1 },
  flexibleFrom: 1,
  fields: { correlationId: int32 },
  direct: {
    read(reader, version) {
      const correlationId = reader.int32()
      return version === 0 || reader.unsignedVarint() === 0 ? { correlationId } : undefined
    },
  },
})

/** Reads the header of a response and drops what it says. Throws DecodeError. */
export function readResponseHeader<Request extends object, Response extends object>(
  reader: ByteReader,
  api: Api<Request, Response>,
  version: number,
): void {
  const headerVersion = responseHeaderVersion(api, version)
  // No tagged fields, as always so far.
  if (headerVersion === 1 && reader.remaining >= 5 && reader.bytes[reader.offset + 4] === 0) reader.offset += 5
  else responseHeader.read(reader, headerVersion)
}

/** Version of the request header that goes with a version of an API. */
export function requestHeaderVersion<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  version: number,
): number {
  return api.request.isFlexible(version) ? 2 : 1
}

/**
 * Version of the response header that goes with a version of an API.
 * Always 0 for ApiVersions, whose answer must be readable before the version is agreed on (KIP-511).
 */
export function responseHeaderVersion<Request extends object, Response extends object>(
  api: Api<Request, Response>,
  version: number,
): number {
  return api.key !== apiKeys.ApiVersions && api.response.isFlexible(version) ? 1 : 0
}
