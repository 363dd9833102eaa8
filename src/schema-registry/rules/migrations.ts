import type { CallOptions } from '../client/transport.ts'
import type { SchemaRegistryClient } from '../client/schema-registry-client.ts'
import { SchemaRegistryError } from '../errors.ts'
import type { RegisteredSchema, ResolvedSchema } from '../schema.ts'
import type { Rules } from './rule.ts'
import { type RuleSelection, selectRules } from './run-rules.ts'

/**
 * The rules that turn a value of one version of a subject into one of another, step by step (Java: AbstractKafkaSchemaSerDe.getMigrations):
 * what a newer version says of its way from the one before, or back. Empty where no version on the way has such rules.
 */
export async function migrationsBetween(
  registry: SchemaRegistryClient,
  subject: string,
  writer: RegisteredSchema,
  reader: ResolvedSchema,
  options: { rules: Rules | undefined; call: CallOptions; normalize: boolean },
): Promise<readonly RuleSelection[]> {
  const { rules, call, normalize } = options
  if (reader.version === undefined) return []
  const from = await versionOf(registry, subject, writer, { ...call, normalize })
  const to = reader.version
  if (from === undefined || from === to) return []
  const [mode, first, last] = from < to ? (['UPGRADE', from, to] as const) : (['DOWNGRADE', to, from] as const)
  const steps: RuleSelection[] = []
  for (let version = first + 1; version <= last; version++) {
    const schema = await registry.resolve(await registry.version(subject, version, call), call)
    const selection = selectRules(schema, 'migrationRules', mode, rules)
    if (selection !== undefined) steps.push(selection)
  }
  return mode === 'UPGRADE' ? steps : steps.toReversed()
}

/** Undefined where the subject does not have the schema, which may be another's: there is no way from it then. */
async function versionOf(
  registry: SchemaRegistryClient,
  subject: string,
  schema: RegisteredSchema,
  options: CallOptions & { normalize: boolean },
): Promise<number | undefined> {
  try {
    return (await registry.lookup(subject, schema, { ...options, deleted: true })).version
  } catch (error) {
    if (error instanceof SchemaRegistryError && error.status === 404) return undefined
    throw error
  }
}
