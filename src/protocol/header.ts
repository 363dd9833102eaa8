import { apiKeys } from './api-keys.ts'
import type { Api } from './api.ts'
import type { ByteReader } from './bytes/reader.ts'
import type { ByteWriter } from './bytes/writer.ts'
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
      writeHeader(writer, version, requestApiKey, requestApiVersion, correlationId, clientId)
      return true
    },
  },
})

function writeHeader(
  writer: ByteWriter,
  headerVersion: number,
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: string,
): void {
  writer.int16(apiKey)
  writer.int16(apiVersion)
  writer.int32(correlationId)
  writer.string(clientId)
  if (headerVersion >= 2) writer.unsignedVarint(0)
}

/** Writes the header of a request without tagged fields. Throws EncodeError. */
export function writeRequestHeader<Request extends object, Response extends object>(
  writer: ByteWriter,
  api: Api<Request, Response>,
  version: number,
  correlationId: number,
  clientId: string,
): void {
  writeHeader(writer, requestHeaderVersion(api, version), api.key, version, correlationId, clientId)
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
  responseHeader.read(reader, responseHeaderVersion(api, version))
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
