/** A string, or a number. Strings come first, so that digits within them are left alone. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g

/** JSON.parse, but integers beyond ±(2^53 - 1) become bigints. Throws SyntaxError. */
export function parseExact(text: string): unknown {
  if (!hasLongDigits(text)) return JSON.parse(text)
  // No property can have this name by chance, nor on purpose: it is not in the text.
  let mark = 'bigint'
  while (text.includes(mark)) mark += Math.random().toString(36).slice(2)
  // Whether it is JSON at all is seen before it is changed.
  const plain: unknown = JSON.parse(text)
  let isChanged = false
  const marked = text.replace(TOKEN, (token) => {
    if (!/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) return token
    isChanged = true
    return `{"${mark}":"${token}"}`
  })
  if (!isChanged) return plain
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, mark)) return value
    return BigInt((value as Record<string, string>)[mark]!)
  })
}

/** Digits of the shortest integer that a number may not hold exactly. */
const LONG = 16

/** Whether digits follow one another that may be such an integer. Looks at one character in 16: longer runs cannot be missed. */
function hasLongDigits(text: string): boolean {
  for (let i = LONG - 1; i < text.length; i += LONG) {
    if (!isDigit(text.charCodeAt(i))) continue
    let [start, end] = [i, i + 1]
    while (isDigit(text.charCodeAt(start - 1))) start--
    while (isDigit(text.charCodeAt(end))) end++
    if (end - start >= LONG) return true
  }
  return false
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** JSON.stringify, but bigints are written as the integers that they are. Undefined for what has no JSON form. */
export function stringifyExact(value: unknown): string | undefined {
  const bigints: string[] = []
  let mark = '\u0000bigint'
  const write = (): string | undefined =>
    JSON.stringify(value, (_, item: unknown) => {
      if (typeof item !== 'bigint') return item
      bigints.push(String(item))
      return mark
    })
  let text = write()
  if (bigints.length === 0 || text === undefined) return text
  // A string of the value that is the mark itself would be taken for a bigint: another mark then.
  while (text.split(JSON.stringify(mark)).length - 1 !== bigints.length) {
    mark += Math.random().toString(36).slice(2)
    bigints.length = 0
    text = write()!
  }
  let next = 0
  return text.replaceAll(JSON.stringify(mark), () => bigints[next++]!)
}
