import { ConfigError } from '../errors.ts'

/**
 * Reads the text of a Java .properties file, by the rules of java.util.Properties: comments, continued lines, escapes, and
 * `=`, `:` or a blank between name and value. librdkafka's files, `name=value` a line, are a subset but for a backslash,
 * which they take as it is. A name that comes twice has its last value. Names are in the order of their last values.
 * Throws ConfigError for a `\u` without four hexadecimal digits.
 */
export function parseProperties(text: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const line of logicalLines(text.replace(/^\ufeff/, ''))) {
    const [rawName, rawValue] = split(line)
    const name = unescape(rawName, 'a name')
    const value = unescape(rawValue, name)
    entries.delete(name)
    entries.set(name, value)
  }
  return entries
}

/** Lines without comments and blank ones, each with its continuations and still with its escapes. */
function* logicalLines(text: string): Generator<string> {
  let line: string | undefined
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const content = natural.replace(/^[ \t\f]+/, '')
    // A line that continues another one is never a comment.
    if (line === undefined && (content === '' || content.startsWith('#') || content.startsWith('!'))) continue
    line = (line ?? '') + content
    // An odd number of backslashes at the end: the last one is no escaped backslash, and joins the next line.
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(content)) {
      line = line.slice(0, -1)
      if (line === '') line = undefined
      continue
    }
    yield line
    line = undefined
  }
  if (line !== undefined) yield line
}

/** Name and value, both still with their escapes. */
function split(line: string): [name: string, value: string] {
  const name = /^(?:\\.|[^\\=: \t\f])*/s.exec(line)![0]
  const value = line.slice(name.length).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  return [name, value]
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescape(text: string, name: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.)|$)/gs,
    (_, hex: string | undefined, character: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      if (character === 'u') {
        throw new ConfigError(
          name,
          `the properties have \\u without four hexadecimal digits in ${name}: write \\\\ for a backslash`,
        )
      }
      return ESCAPES[character ?? ''] ?? character ?? ''
    },
  )
}
