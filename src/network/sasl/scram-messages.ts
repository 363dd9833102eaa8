import { decodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { decodeBase64 } from './base64.ts'

/** A user name as SCRAM messages carry it: `=` and `,` escaped. Kafka does no SASLprep. */
export function saslName(username: string): string {
  return username.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

/** What the broker asks for in its first message. */
export interface ServerFirst {
  /** The part of the message that both sides sign. */
  signed: string
  /** The client's nonce followed by the broker's. */
  nonce: string
  salt: Uint8Array
  iterations: number
}

/** What the broker ends with: its signature, or what is wrong. */
export type ServerFinal = { signature: Uint8Array; error?: undefined } | { error: string; signature?: undefined }

const BASE64 = '(?:[a-zA-Z0-9/+]{4})*(?:[a-zA-Z0-9/+]{3}=|[a-zA-Z0-9/+]{2}==)?'
const VALUE = String.raw`[\x01-\x2b\x2d-\x7f]+`
const EXTENSIONS = `(?:,[A-Za-z]+=${VALUE})*`
const SERVER_FIRST = new RegExp(
  String.raw`^(?:m=${VALUE},)?r=([\x21-\x2b\x2d-\x7e]+),s=(${BASE64}),i=([0-9]+)${EXTENSIONS}$`,
)
const SERVER_FINAL = new RegExp(`^v=(${BASE64})${EXTENSIONS}$`)
const SERVER_ERROR = new RegExp(`^e=(${VALUE})${EXTENSIONS}$`)

/**
 * Reads the broker's first message; an error of it counts too. Undefined when the bytes are neither. Extensions are dropped,
 * and left out of what is signed, as in Java (ScramMessages), whereas RFC 5802 signs them; Kafka sends none.
 */
export function readServerFirst(bytes: Uint8Array): ServerFirst | { error: string } | undefined {
  const text = decodeUtf8(bytes, 0, bytes.length)
  const [, nonce, salt, digits] = SERVER_FIRST.exec(text) ?? []
  if (nonce !== undefined) {
    const iterations = Number(digits)
    return { signed: `r=${nonce},s=${salt},i=${iterations}`, nonce, salt: decodeBase64(salt!)!, iterations }
  }
  const error = SERVER_ERROR.exec(text)?.[1]
  return error === undefined ? undefined : { error }
}

/** Reads the broker's last message. Undefined when the bytes are none. */
export function readServerFinal(bytes: Uint8Array): ServerFinal | undefined {
  const text = decodeUtf8(bytes, 0, bytes.length)
  const signature = SERVER_FINAL.exec(text)?.[1]
  if (signature !== undefined) return { signature: decodeBase64(signature)! }
  const error = SERVER_ERROR.exec(text)?.[1]
  return error === undefined ? undefined : { error }
}
