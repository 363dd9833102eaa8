const MAX_NAME_LENGTH = 249

/** What is wrong with a topic name, as a sentence; undefined when nothing is (Java: Topic.validate). */
export function topicNameFault(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: it is empty'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > MAX_NAME_LENGTH) {
    return `Topic name is invalid: it has ${name.length} characters, and ${MAX_NAME_LENGTH} are allowed`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name is invalid: '${name}' has other characters than ASCII letters, digits, '.', '_' and '-'`
  }
  return undefined
}

/** Whether two names would share a metric, where '.' and '_' are the same; Kafka then refuses the second. */
export function topicNamesCollide(a: string, b: string): boolean {
  return a.replaceAll('.', '_') === b.replaceAll('.', '_')
}
