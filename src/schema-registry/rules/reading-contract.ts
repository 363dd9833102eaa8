import type { SerdeContext } from '../../serdes.ts'
import type { SchemaRegistryClient } from '../client/schema-registry-client.ts'
import { SerializationError } from '../errors.ts'
import type { SchemaMigrator, SchemaReader } from '../format.ts'
import type { ResolvedSchema } from '../schema.ts'
import type { SchemaFrame } from '../wire-format.ts'
import { plainExpressionValue } from './expression-value.ts'
import type { RuleContext, Rules } from './rule.ts'
import { type RuleSelection, runRules, selectRules } from './run-rules.ts'

/** What rules there are for reading, and what they need. */
interface ReadingRules<T> {
  readonly registry: SchemaRegistryClient
  readonly subject: string
  readonly options: Rules | undefined
  /** Whose rules about values hold: what is read as. */
  readonly schema: ResolvedSchema
  /** Whose rules about bytes hold. */
  readonly writer: ResolvedSchema
  readonly migrations: readonly RuleSelection[]
  readonly migrator: SchemaMigrator<T> | undefined
}

/** Whether reading with these schemas takes rules, but for those between versions. */
export function hasReadingRules(schema: ResolvedSchema, writer: ResolvedSchema, options: Rules | undefined): boolean {
  return (
    selectRules(schema, 'domainRules', 'READ', options) !== undefined ||
    selectRules(writer, 'encodingRules', 'READ', options) !== undefined
  )
}

/** Reads values that rules are to look at: the encoding's, then those between versions, then those about values. */
export class ReadingContract<T> {
  readonly #rules: ReadingRules<T>
  readonly #encodingRules: RuleSelection | undefined
  readonly #domainRules: RuleSelection | undefined

  constructor(rules: ReadingRules<T>) {
    const { schema, writer, options } = rules
    this.#rules = rules
    this.#encodingRules = selectRules(writer, 'encodingRules', 'READ', options)
    this.#domainRules = selectRules(schema, 'domainRules', 'READ', options)
  }

  /** `notRead` makes the error for what a format says about bytes; those of rules are thrown as they are. */
  async read(
    reader: SchemaReader<T>,
    bytes: Uint8Array,
    { bodyOffset, messageIndexes }: SchemaFrame,
    { topic, field, headers }: SerdeContext,
    notRead: (cause: unknown) => Error,
  ): Promise<T> {
    const { registry, subject, options, migrations, migrator } = this.#rules
    const about = { topic, field, subject, headers, registry, original: bytes }
    const withoutFields = { ...about, transformFields: undefined, expressionValue: plainExpressionValue }
    let body: unknown = bytes.subarray(bodyOffset)
    if (this.#encodingRules !== undefined) body = await runRules(this.#encodingRules, options, withoutFields, body)
    if (!(body instanceof Uint8Array)) throw new SerializationError('the rules about the encoding left no bytes')
    const plain = body
    let ruleFailure: { error: unknown } | undefined
    const migrate = async (json: unknown): Promise<unknown> => {
      try {
        let changed = json
        for (const migration of migrations) changed = await runRules(migration, options, withoutFields, changed)
        return changed
      } catch (error) {
        ruleFailure = { error }
        throw error
      }
    }
    let value: T
    try {
      if (migrator === undefined) value = reader.decode(plain, messageIndexes)
      else value = await migrator(plain, messageIndexes, migrate)
    } catch (cause) {
      throw ruleFailure === undefined ? notRead(cause) : ruleFailure.error
    }
    if (this.#domainRules === undefined) return value
    const transformFields = reader.transformFields?.bind(reader) as RuleContext['transformFields']
    const expressionValue = (reader.expressionValue?.bind(reader) ?? plainExpressionValue) as (item: unknown) => unknown
    const aboutValue = { ...about, transformFields, expressionValue }
    return (await runRules(this.#domainRules, options, aboutValue, value)) as T
  }
}
