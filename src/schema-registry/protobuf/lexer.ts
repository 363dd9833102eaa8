import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { type Place, ProtoError } from './proto-error.ts'

/** One token of a .proto text. `text` is what stands in the source. */
export interface Token extends Place {
  readonly kind: 'identifier' | 'integer' | 'float' | 'string' | 'symbol' | 'end'
  readonly text: string
  /** What a string literal means, since escapes can make bytes that are no UTF-8. Undefined for other tokens. */
  readonly bytes?: Uint8Array
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '?': 63,
  "'": 39,
  '"': 34,
}

const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y
const SPACE = /[ \t\r\n\v\f]+/y
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const PLAIN_CHARACTERS = /[^\\"'\n]+/y
const SYMBOLS = ';{}[]()<>=,.:+-/'

/** Splits a .proto text into tokens, comments left out; the last one is of kind `end`. Takes time in proportion to the text. */
export function tokenize(text: string, file: string): Token[] {
  return new Lexer(text, file).tokens()
}

class Lexer {
  readonly #text: string
  readonly #file: string
  #position = 0
  #line = 1
  #column = 1

  constructor(text: string, file: string) {
    this.#text = text.startsWith('\uFEFF') ? text.slice(1) : text
    this.#file = file
  }

  tokens(): Token[] {
    const tokens: Token[] = []
    for (;;) {
      this.#skipSpaceAndComments()
      const token = this.#next()
      tokens.push(token)
      if (token.kind === 'end') return tokens
    }
  }

  #next(): Token {
    const place = { line: this.#line, column: this.#column }
    const character = this.#text[this.#position]
    if (character === undefined) return { kind: 'end', text: '', ...place }
    if (character === '"' || character === "'") return this.#string(character)
    const identifier = this.#take(IDENTIFIER)
    if (identifier !== undefined) return { kind: 'identifier', text: identifier, ...place }
    const number = this.#take(NUMBER)
    if (number !== undefined) return this.#number(number, place)
    if (!SYMBOLS.includes(character)) throw this.#error(`unexpected character ${JSON.stringify(character)}`, place)
    this.#advance(character)
    return { kind: 'symbol', text: character, ...place }
  }

  #number(text: string, place: Place): Token {
    const next = this.#text[this.#position]
    if (next !== undefined && /[A-Za-z0-9_.]/.test(next)) throw this.#error(`${text}${next} is not a number`, place)
    const isHex = /^0[xX]/.test(text)
    const isInteger = isHex || /^\d+$/.test(text)
    if (isInteger && !isHex && /^0\d*[89]/.test(text)) throw this.#error(`${text} is not an octal number`, place)
    return { kind: isInteger ? 'integer' : 'float', text, ...place }
  }

  #string(quote: string): Token {
    const place = { line: this.#line, column: this.#column }
    const start = this.#position
    const bytes: number[] = []
    this.#advance(quote)
    for (;;) {
      const plain = this.#take(PLAIN_CHARACTERS)
      if (plain !== undefined) for (const byte of encodeUtf8(plain)) bytes.push(byte)
      const character = this.#text[this.#position]
      if (character === undefined || character === '\n') throw this.#error('the string does not end on its line', place)
      this.#advance(character)
      if (character === quote) break
      if (character === '\\') this.#escape(bytes)
      else bytes.push(character.charCodeAt(0))
    }
    const text = this.#text.slice(start, this.#position)
    return { kind: 'string', text, bytes: Uint8Array.from(bytes), ...place }
  }

  #escape(bytes: number[]): void {
    const place = { line: this.#line, column: this.#column }
    const octal = this.#take(/[0-7]{1,3}/y)
    if (octal !== undefined) {
      bytes.push(Number.parseInt(octal, 8) & 0xff)
      return
    }
    const hex = this.#take(/[xX][0-9a-fA-F]{1,2}/y)
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex.slice(1), 16))
      return
    }
    const unicode = this.#take(/u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y)
    if (unicode !== undefined) {
      bytes.push(...this.#codePoint(unicode, place))
      return
    }
    const character = this.#text[this.#position] ?? ''
    const byte = Object.hasOwn(SIMPLE_ESCAPES, character) ? SIMPLE_ESCAPES[character] : undefined
    if (byte === undefined) throw this.#error(`\\${character} is not an escape sequence`, place)
    this.#advance(character)
    bytes.push(byte)
  }

  #codePoint(escape: string, place: Place): Uint8Array {
    let code = Number.parseInt(escape.slice(1), 16)
    if (code > 0x10ffff) throw this.#error(`\\${escape} is beyond Unicode`, place)
    if (code >= 0xd800 && code < 0xdc00) {
      const low = this.#take(/\\u[dD][c-fC-F][0-9a-fA-F]{2}/y)
      if (low !== undefined) code = 0x10000 + ((code - 0xd800) << 10) + (Number.parseInt(low.slice(2), 16) - 0xdc00)
    }
    return encodeUtf8(String.fromCodePoint(code))
  }

  #skipSpaceAndComments(): void {
    for (;;) {
      if (this.#take(SPACE) !== undefined) continue
      if (this.#text.startsWith('//', this.#position)) this.#skipTo('\n', 0)
      else if (this.#text.startsWith('/*', this.#position)) this.#skipBlockComment()
      else return
    }
  }

  #skipBlockComment(): void {
    const place = { line: this.#line, column: this.#column }
    this.#advance('/*')
    if (!this.#skipTo('*/', 2)) throw this.#error('the comment does not end', place)
  }

  /** Goes to the next `end`, and `beyond` characters further; false when there is none. */
  #skipTo(end: string, beyond: number): boolean {
    const found = this.#text.indexOf(end, this.#position)
    this.#advance(this.#text.slice(this.#position, found < 0 ? undefined : found + beyond))
    return found >= 0
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#advance(found)
    return found
  }

  #advance(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code === 10) {
        this.#line++
        this.#column = 1
      } else if (code === 9) this.#column += 8 - ((this.#column - 1) % 8)
      else this.#column++
    }
    this.#position += text.length
  }

  #error(reason: string, place: Place): ProtoError {
    return new ProtoError(reason, { file: this.#file, ...place })
  }
}
