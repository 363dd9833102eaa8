import { EncodeError } from '../../errors.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** Up to this many characters or bytes a plain loop beats the call into TextDecoder or TextEncoder. */
const SHORT = 32

/** Decodes UTF-8. Malformed sequences become U+FFFD, as in Java's `new String(bytes, UTF_8)`. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = ''
    let i = start
    // Four at once: each concatenation of so short a text makes a copy of it.
    for (const last = end - 4; i <= last; i += 4) {
      const [a, b, c, d] = [bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!]
      if ((a | b | c | d) >= 0x80) return decoder.decode(bytes.subarray(start, end))
      text += String.fromCharCode(a, b, c, d)
    }
    for (; i < end; i++) {
      const byte = bytes[i]!
      if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end))
      text += String.fromCharCode(byte)
    }
    return text
  }
  return decoder.decode(bytes.subarray(start, end))
}

/** Encodes text as UTF-8 in a new array. Throws EncodeError when it holds a lone surrogate, which UTF-8 cannot carry. */
export function encodeUtf8(text: string): Uint8Array {
  checkWellFormed(text)
  return encoder.encode(text)
}

/**
 * Writes text as UTF-8 at `offset` of `target`, which has room for three bytes a UTF-16 unit, and returns the bytes written.
 * Throws EncodeError when the text holds a lone surrogate, which UTF-8 cannot carry.
 */
export function writeUtf8(target: Uint8Array, offset: number, text: string): number {
  const length = text.length
  if (length <= SHORT) {
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) break
      target[offset + i] = unit
    }
    if (i === length) return length
  }
  const { written } = encoder.encodeInto(text, target.subarray(offset))
  // As many bytes as units: ASCII, of which nothing has to be checked.
  if (written !== length) checkWellFormed(text)
  return written
}

function checkWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new EncodeError('a lone surrogate has no UTF-8 form')
}
