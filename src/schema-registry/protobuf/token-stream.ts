import { concatBytes } from './bytes.ts'
import type { Token } from './lexer.ts'
import { type Place, ProtoError } from './proto-error.ts'

/** How deep messages and option values may nest: hostile text must not exhaust the stack. */
const MAX_DEPTH = 64

/** The tokens of one file, read one by one. Every `expect…` throws ProtoError at the token that is there instead. */
export class TokenStream {
  readonly file: string
  readonly #tokens: readonly Token[]
  #index = 0
  #depth = 0

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens
    this.file = file
  }

  /** The token that comes next; `ahead` of 1 is the one after it. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!
  }

  next(): Token {
    const token = this.peek()
    this.#index++
    return token
  }

  /** Whether the next token is this keyword or symbol. */
  at(text: string): boolean {
    const token = this.peek()
    return token.text === text && (token.kind === 'identifier' || token.kind === 'symbol')
  }

  /** Goes past the keyword or symbol if it is next. */
  accept(text: string): boolean {
    if (!this.at(text)) return false
    this.#index++
    return true
  }

  expect(text: string): Token {
    if (!this.at(text)) throw this.unexpected(`"${text}"`)
    return this.next()
  }

  expectIdentifier(what: string): Token {
    if (this.peek().kind !== 'identifier') throw this.unexpected(what)
    return this.next()
  }

  /** One string, which may be written as several beside each other. */
  expectBytes(what: string): Uint8Array {
    if (this.peek().kind !== 'string') throw this.unexpected(what)
    const parts: Uint8Array[] = []
    while (this.peek().kind === 'string') parts.push(this.next().bytes!)
    return parts.length === 1 ? parts[0]! : concatBytes(parts)
  }

  expectText(what: string): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.expectBytes(what))
  }

  /** An unsigned integer of at most `max`, decimal, octal or hexadecimal. */
  expectInteger(what: string, max: bigint): bigint {
    const token = this.peek()
    if (token.kind !== 'integer') throw this.unexpected(what)
    const value = integerValue(token.text)
    if (value > max) throw this.error(`${token.text} is out of range: ${what} is at most ${max}`)
    this.#index++
    return value
  }

  /** An int32 with an optional minus. */
  expectSignedInteger(what: string): number {
    const isNegative = this.accept('-')
    const value = this.expectInteger(what, isNegative ? 2_147_483_648n : 2_147_483_647n)
    return isNegative ? -Number(value) : Number(value)
  }

  /** Dotted name; spaces may stand around the dots. */
  expectTypeName(what: string): string {
    let name = this.accept('.') ? '.' : ''
    name += this.expectIdentifier(what).text
    while (this.accept('.')) name += `.${this.expectIdentifier(what).text}`
    return name
  }

  /** Runs `read` one level deeper, and throws where the text nests too deeply. */
  nested<T>(read: () => T): T {
    if (this.#depth >= MAX_DEPTH) throw this.error(`nested more than ${MAX_DEPTH} levels deep`)
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }

  /** Reads statements up to the closing brace; `what` names the block where the text ends too early. */
  block(what: string, statement: () => void): void {
    this.expect('{')
    this.nested(() => {
      while (!this.accept('}')) {
        if (this.peek().kind === 'end') throw this.error(`the text ends inside ${what}: "}" is missing`)
        if (!this.accept(';')) statement()
      }
    })
  }

  unexpected(expected: string): ProtoError {
    const token = this.peek()
    return this.error(`expected ${expected}, found ${token.kind === 'end' ? 'the end' : token.text}`)
  }

  error(reason: string, place: Place = this.peek()): ProtoError {
    return new ProtoError(reason, { file: this.file, line: place.line, column: place.column })
  }
}

/** The value of an integer token; a leading 0 makes it octal. */
export function integerValue(text: string): bigint {
  return /^0\d/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(text)
}
