import { ConfigError } from '../errors.ts'

/** A login module of sasl.jaas.config. */
export interface JaasModule {
  /** Java's class, such as `org.apache.kafka.common.security.plain.PlainLoginModule`. */
  readonly className: string
  readonly options: ReadonlyMap<string, string>
}

const PROPERTY = 'sasl.jaas.config'
const FLAGS = new Set(['required', 'requisite', 'sufficient', 'optional'])
const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** A piece of the text. `isQuoted` tells the text `"="` from the mark `=`. */
interface Token {
  text: string
  isQuoted: boolean
}

/**
 * Reads sasl.jaas.config: `Class required name="value" …;`, with what Java's StreamTokenizer allows, and values without quotes
 * that it does not (Java: JaasConfig). Throws ConfigError, which shows no value.
 */
export function parseJaas(text: string): JaasModule {
  const tokens = tokensOf(text)
  const className = tokens[0]?.text ?? ''
  if (className === '' || isMark(tokens[0], ';')) throw fault('names no login module')
  if (!FLAGS.has((tokens[1]?.text ?? '').toLowerCase())) {
    throw fault("needs a control flag such as 'required' behind the login module's class")
  }
  const options = new Map<string, string>()
  let at = 2
  while (at < tokens.length && !isMark(tokens[at], ';')) {
    const [name, equals, value] = tokens.slice(at, at + 3)
    const isPair =
      !isMark(name, '=') && isMark(equals, '=') && value !== undefined && !isMark(value, ';') && !isMark(value, '=')
    if (!isPair) throw fault('must have options as name="value": a value may be missing, or a quote too many')
    options.set(name!.text, value.text)
    at += 3
  }
  if (at === tokens.length) throw fault('does not end in a semicolon, or a value lacks its closing quote')
  if (at + 1 < tokens.length) throw fault('must name one login module, not several')
  return { className, options }
}

function isMark(token: Token | undefined, mark: string): boolean {
  return token?.text === mark && !token.isQuoted
}

function fault(what: string): ConfigError {
  return new ConfigError(PROPERTY, `${PROPERTY} ${what}`)
}

/** In turn: blanks and comments; a quoted text, which ends with its line at the latest; a mark; a word. */
const TOKEN = /\s+|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|(["'])((?:\\[^\r\n]|(?!\1)[^\\\r\n])*)(\1)?|([=;])|([^\s=;"']+)/g

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  for (const [, quote, quoted, closing, mark, word] of text.matchAll(TOKEN)) {
    if (quote !== undefined) {
      if (closing === undefined) throw fault('has a value without its closing quote')
      tokens.push({ text: unescape(quoted!), isQuoted: true })
    } else if (mark !== undefined || word !== undefined) {
      tokens.push({ text: mark ?? word!, isQuoted: false })
    }
  }
  return tokens
}

/** The escapes of a Java string: letters, and up to three octal digits. Any other backslash is dropped. */
function unescape(text: string): string {
  return text.replace(/\\(?:([0-3]?[0-7]{1,2})|(.))/g, (_, octal: string | undefined, character: string) =>
    octal === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(octal, 8)),
  )
}
