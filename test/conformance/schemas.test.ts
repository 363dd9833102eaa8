import { describe, expect, test } from 'vitest'
import { isKafkaRequired } from '../support/provided-kafka.ts'
import { apiKeys } from '../../src/protocol/api-keys.ts'
import { parseVersions, readKafkaSchemas, type KafkaSchema } from './kafka-schema.ts'
import { knownMessages } from './known-messages.ts'
import { kafkaLayoutOf, layoutOf, type StructLayout } from './layout.ts'

const unavailable = whyUnavailable()
const schemas = unavailable === undefined ? readKafkaSchemas('4.4.0') : new Map<string, KafkaSchema>()
const all = [...schemas.values()]

describe.skipIf(unavailable !== undefined)('the messages, against the schemas of Kafka', () => {
  test('the project has every message that brokers take or send on their listeners, every header and all data', () => {
    const onListeners = all
      .filter(({ listeners, validVersions }) => listeners?.includes('broker') === true && validVersions !== 'none')
      .flatMap(({ name }) => [name, name.replace(/Request$/, 'Response')])
    const others = all.filter(({ type }) => type === 'header' || type === 'data').map(({ name }) => name)
    expect(onListeners).toHaveLength(158)
    expect(others).toHaveLength(13)
    expect([...onListeners, ...others].filter((name) => !knownMessages.has(name))).toEqual([])
  })

  test('every API key of Kafka is known by its name', () => {
    const requests = all.filter(({ type }) => type === 'request')
    const named = requests.map(({ name, apiKey }) => [name.replace(/Request$/, ''), apiKey])
    expect(apiKeys).toEqual(Object.fromEntries(named))
  })

  // What the coordinators store comes from other jars and has tests of its own.
  describe.each([...knownMessages.values()].filter(({ name }) => schemas.has(name)))('$name', (message) => {
    test('has the versions, and from the same one on the flexible form, that Kafka 4.4 has', () => {
      const schema = schemas.get(message.name)!
      const valid = parseVersions(schema.validVersions)!
      expect(message.versions.max).toBe(valid.max)
      expect(message.versions.min).toBeLessThanOrEqual(valid.min)
      expect(message.flexibleFrom).toBe(parseVersions(schema.flexibleVersions)?.min ?? null)
      expect(message.apiKey).toBe(schema.apiKey ?? null)
    })

    test('has the fields of Kafka 4.4 in every version, with their types, tags and defaults', () => {
      const schema = schemas.get(message.name)!
      const { min, max } = parseVersions(schema.validVersions)!
      const versions = versionsOf(min, max)
      const ours = versions.map((version) => layoutOf(message, version))
      const theirs = versions.map((version) => kafkaLayoutOf(schema, version))
      for (const [i, version] of versions.entries()) {
        const inUse = pathsOf(theirs)
        expect(onlyPaths(ours[i]!, inUse), `version ${version}`).toEqual(onlyPaths(theirs[i]!, inUse))
      }
    })
  })

  // 4.0 dropped versions that brokers from 0.11 on still need.
  const olderSchemas = unavailable === undefined ? readKafkaSchemas('3.9.1') : new Map<string, KafkaSchema>()
  const withDropped = [...knownMessages.values()]
    .map((message) => ({ message, dropped: versionsBelow(message.versions.min, schemas.get(message.name)) }))
    .filter(({ dropped }) => dropped.length > 0)

  test('versions that Kafka 4.0 dropped have the fields of Kafka 3.9', () => {
    expect(withDropped.length).toBeGreaterThan(20)
    for (const { message, dropped } of withDropped) {
      const schema = olderSchemas.get(message.name)!
      for (const version of dropped) {
        const inUse = pathsOf([kafkaLayoutOf(schema, version)])
        const [ours, theirs] = [layoutOf(message, version), kafkaLayoutOf(schema, version)]
        expect(onlyPaths(ours, inUse), `${message.name} version ${version}`).toEqual(onlyPaths(theirs, inUse))
      }
    }
  })
})

function versionsBelow(min: number, schema: KafkaSchema | undefined): number[] {
  const valid = parseVersions(schema?.validVersions)
  return valid === undefined || valid.min <= min ? [] : versionsOf(min, valid.min - 1)
}

function versionsOf(min: number, max: number): number[] {
  return Array.from({ length: max - min + 1 }, (_, i) => min + i)
}

/** Paths of the fields that at least one version has. */
function pathsOf(layouts: StructLayout[], prefix = ''): Set<string> {
  const paths = new Set<string>()
  for (const { present } of layouts) {
    for (const { name, fields } of present) {
      paths.add(prefix + name)
      if (fields !== undefined) for (const path of pathsOf([fields], `${prefix}${name}.`)) paths.add(path)
    }
  }
  return paths
}

/** The layout without the absent fields that no version of Kafka 4.4 has: one side may keep them for older brokers. */
function onlyPaths(layout: StructLayout, paths: ReadonlySet<string>, prefix = ''): StructLayout {
  const isKnown = (name: string): boolean => paths.has(prefix + name)
  return {
    present: layout.present.map((field) => ({
      ...field,
      fields: field.fields && onlyPaths(field.fields, paths, `${prefix}${field.name}.`),
    })),
    dropped: layout.dropped.filter(isKnown),
    refused: layout.refused.filter(isKnown),
  }
}

/** Why Kafka's schemas cannot be had here: a skip that everybody sees, and a failure where Kafka is required. */
function whyUnavailable(): string | undefined {
  try {
    for (const release of ['4.4.0', '3.9.1'] as const) readKafkaSchemas(release)
    return undefined
  } catch (error) {
    if (isKafkaRequired()) throw error
    process.stderr.write(
      `\n*** NO KAFKA SCHEMAS: messages are not compared with them, because of this: ${String(error)}\n\n`,
    )
    return String(error)
  }
}
