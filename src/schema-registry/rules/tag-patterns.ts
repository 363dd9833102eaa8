import type { SchemaMetadata } from '../schema.ts'

/** The tags that a schema's metadata has for fields, by their full names. */
export type TagsOf = (fullName: string) => readonly string[]

/**
 * Tags by the paths of metadata, where `*` stands for what is between two dots, `**` for anything and `?` for one character
 * (Java: WildcardMatcher).
 */
export function tagPatterns(metadata: SchemaMetadata | undefined): TagsOf {
  const patterns = Object.entries(metadata?.tags ?? {}).map(([path, tags]) => ({ pattern: wildcards(path), tags }))
  return (fullName) => patterns.filter(({ pattern }) => pattern.test(fullName)).flatMap(({ tags }) => tags)
}

function wildcards(path: string): RegExp {
  const source = path.replaceAll(/\*\*|[*?]|[.+^${}()|[\]\\]/g, (match) => {
    if (match === '**') return '.*'
    if (match === '*') return '[^.]*'
    return match === '?' ? '[^.]' : `\\${match}`
  })
  return new RegExp(`^${source}$`)
}
