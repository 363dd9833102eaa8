import { EncodeError } from '../../errors.ts'

/** The UUID that stands for "none" on the wire: 16 zero bytes. */
export const ZERO_UUID: string = 'AAAAAAAAAAAAAAAAAAAAAA'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** The UUID that was read or written last, in both forms: messages that follow each other tend to name the same topic. */
let lastText = ZERO_UUID
const lastBytes = new Uint8Array(16)

/** Reads 16 bytes at `offset` as Kafka prints a UUID: 22 characters of base64url without padding (Java: org.apache.kafka.common.Uuid). */
export function readUuid(bytes: Uint8Array, offset: number): string {
  if (isLast(bytes, offset)) return lastText
  let text = ''
  for (let i = 0; i < 15; i += 3) {
    const word = (bytes[offset + i]! << 16) | (bytes[offset + i + 1]! << 8) | bytes[offset + i + 2]!
    text += ALPHABET[word >> 18]! + ALPHABET[(word >> 12) & 63]! + ALPHABET[(word >> 6) & 63]! + ALPHABET[word & 63]!
  }
  const last = bytes[offset + 15]!
  text += ALPHABET[last >> 2]! + ALPHABET[(last & 3) << 4]!
  remember(text, bytes, offset)
  return text
}

/** Writes the 22-character form of a UUID as 16 bytes at `offset`. Throws EncodeError for any other text. */
export function writeUuid(bytes: Uint8Array, offset: number, uuid: string): void {
  if (uuid === lastText) {
    bytes.set(lastBytes, offset)
    return
  }
  if (typeof uuid !== 'string' || uuid.length !== 22) throw notUuid(uuid)
  let bits = 0
  let bitCount = 0
  let at = offset
  for (let i = 0; i < 22; i++) {
    const value = VALUES[uuid.charCodeAt(i)] ?? -1
    if (value < 0) throw notUuid(uuid)
    bits = ((bits << 6) | value) & 0xffff
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[at++] = (bits >> bitCount) & 0xff
    }
  }
  if ((bits & 15) !== 0) throw notUuid(uuid)
  remember(uuid, bytes, offset)
}

function isLast(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 16; i++) if (bytes[offset + i] !== lastBytes[i]) return false
  return true
}

function remember(text: string, bytes: Uint8Array, offset: number): void {
  lastText = text
  for (let i = 0; i < 16; i++) lastBytes[i] = bytes[offset + i]!
}

function notUuid(value: unknown): EncodeError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value
  return new EncodeError(`${shown} is not a UUID of 22 base64url characters`)
}
