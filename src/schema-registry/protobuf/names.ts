/** `foo_bar` -> `fooBar`: the JSON name of a field that has none of its own. */
export function jsonNameOf(name: string): string {
  return name.replaceAll(/_+(.?)/g, (_, next: string) => next.replace(/[a-z]/, (letter) => letter.toUpperCase()))
}

/** `by_id` -> `ByIdEntry`: the name of the message that holds one entry of a map field. */
export function mapEntryName(name: string): string {
  return `${name.replaceAll(/(?:^|_+)([^_]?)/g, (_, next: string) => next.replace(/[a-z]/, (letter) => letter.toUpperCase()))}Entry`
}

/** A floating-point default as protoc writes it: as few digits as read back the same, in the manner of C's %g. */
export function floatText(value: number, isFloat: boolean): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const short = inDigits(value, isFloat ? 6 : 15)
  const isSame = isFloat ? Math.fround(Number(short)) === Math.fround(value) : Number(short) === value
  return isSame ? short : inDigits(value, isFloat ? 9 : 17)
}

function inDigits(value: number, digits: number): string {
  const [mantissa, exponentText] = value.toExponential(digits - 1).split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < digits)
    return withoutTrailingZeros(value.toFixed(Math.max(0, digits - 1 - exponent)))
  const sign = exponent < 0 ? '-' : '+'
  return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

const ESCAPES: Readonly<Record<number, string>> = {
  9: String.raw`\t`,
  10: String.raw`\n`,
  13: String.raw`\r`,
  34: String.raw`\"`,
  39: String.raw`\'`,
  92: String.raw`\\`,
}

/** Bytes as text with C escapes, the form in which descriptors hold the default of a bytes field. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const isPlain = byte >= 32 && byte < 127
    text += ESCAPES[byte] ?? (isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)
  }
  return text
}
