import type { SerdeContext } from '../serdes.ts'
import type { SchemaRegistryClient } from './client/schema-registry-client.ts'
import { SchemaRegistryError, SerializationError } from './errors.ts'

/** What a subject's name is made of. */
export interface SubjectContext {
  readonly topic: string
  readonly field: 'key' | 'value'
  /** Name of the record: Avro's full name, the title of JSON Schema, the full name of a Protobuf message. */
  readonly recordName: string | undefined
}

/** The strategies that need no request (Java: TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy). */
export type SubjectName = 'topic' | 'record' | 'topic-record'

/** Subjects that the registry associates with the topic (Java: AssociatedNameStrategy). */
export interface AssociatedSubject {
  /** Identifier of the Kafka cluster as the registry knows it. Default `-`, for any. */
  namespace?: string | undefined
  /** Strategy for a topic without association; `none` refuses its records. Default `topic`. */
  fallback?: SubjectName | 'none' | undefined
}

/** How the subject of a record is named. */
export type SubjectStrategy =
  | SubjectName
  | 'associated'
  | { associated: AssociatedSubject }
  | ((context: SubjectContext) => string | Promise<string>)

/** The subject of a key or value. Rejects with SerializationError when the strategy has nothing to name it by. */
export async function subjectOf(
  strategy: SubjectStrategy,
  context: SubjectContext,
  registry: SchemaRegistryClient,
): Promise<string> {
  if (typeof strategy === 'function') {
    const subject: unknown = await strategy(context)
    if (typeof subject === 'string' && subject !== '') return subject
    throw new SerializationError(`the subject strategy returned no name for the ${context.field} of ${context.topic}`)
  }
  if (strategy === 'associated') return associated({}, context, registry)
  if (typeof strategy === 'object') return associated(strategy.associated, context, registry)
  return named(strategy, context)
}

function named(strategy: SubjectName, { topic, field, recordName }: SubjectContext): string {
  if (strategy === 'topic') return `${topic}-${field}`
  if (recordName === undefined) {
    const message = `the schema for the ${field} of ${topic} has no name, which the subject strategy ${strategy} needs`
    throw new SerializationError(message)
  }
  return strategy === 'record' ? recordName : `${topic}-${recordName}`
}

async function associated(
  { namespace = '-', fallback = 'topic' }: AssociatedSubject,
  context: SubjectContext,
  registry: SchemaRegistryClient,
): Promise<string> {
  const { topic, field } = context
  const found = await registry
    .associationsOfResource(namespace, topic, { resourceType: 'topic', associationType: field })
    .catch((error: unknown) => {
      // Registries without associations, or without this one.
      if (error instanceof SchemaRegistryError && (error.status === 404 || error.status === 501)) return []
      throw error
    })
  if (found.length > 1) {
    throw new SerializationError(`${topic} is associated with ${found.length} subjects for its ${field}: one is needed`)
  }
  if (found.length === 1) return found[0]!.subject
  if (fallback !== 'none') return named(fallback, context)
  throw new SerializationError(`${topic} is associated with no subject for its ${field}, and fallback is none`)
}

/** A key or value as errors name it. */
export function placeOf({ topic, field }: Pick<SerdeContext, 'topic' | 'field'>): string {
  return `the ${field} of a record of ${topic}`
}
