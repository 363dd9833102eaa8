import type { RecordHeader } from '../../protocol/records/record.ts'
import type { SchemaRegistryClient } from '../client/schema-registry-client.ts'
import type { FieldTransform, RuleField } from '../format.ts'
import type { ResolvedSchema, Rule } from '../schema.ts'

/** When a rule is carried out. */
export type RuleMode = 'WRITE' | 'READ' | 'UPGRADE' | 'DOWNGRADE'

/** What a rule is carried out on, and where. */
export interface RuleContext {
  readonly rule: Rule
  readonly mode: RuleMode
  readonly topic: string
  readonly field: 'key' | 'value'
  readonly subject: string
  readonly headers: readonly RecordHeader[]
  /** Whose rules these are: what is written, or read as; in a migration, the newer of the two versions. */
  readonly schema: ResolvedSchema
  readonly registry: SchemaRegistryClient
  /** All rules that are carried out with this one, in their order. */
  readonly rules: readonly Rule[]
  /** The value as it was before any rule: while reading, the record's bytes. */
  readonly original: unknown
  /** A copy of a value whose fields went through `transform`; undefined where there are no fields, as in migrations. */
  readonly transformFields: ((value: unknown, transform: FieldTransform) => Promise<unknown>) | undefined
  /** The value with its numbers as expression languages tell them apart: integers are bigints. */
  readonly expressionValue: (value: unknown) => unknown
}

/** Carries out rules of one type, such as CEL or JSONATA. What it throws is a failure of the rule. */
export interface RuleExecutor {
  readonly type: string
  /** The new value, for a TRANSFORM; whether the value is all right, for a CONDITION. */
  execute?(context: RuleContext, value: unknown): unknown
  /** The same for one field, for types such as CEL_FIELD and ENCRYPT. `containing` makes the record around it. */
  executeField?(context: RuleContext, field: RuleField, value: unknown, containing: () => unknown): unknown
}

/** What is done after a rule, besides NONE and ERROR, such as DLQ: sends the record elsewhere, and may throw. */
export interface RuleAction {
  readonly type: string
  run(context: RuleContext, value: unknown, error: unknown): void | Promise<void>
}

/** What is done otherwise than a rule says. */
export interface RuleOverride {
  readonly onSuccess?: string | undefined
  readonly onFailure?: string | undefined
  readonly disabled?: boolean | undefined
}

/** What carries out the rules of data contracts. */
export interface Rules {
  /** Besides `celRules()`, `jsonataRules()` and `encryptionRules()`, executors of your own. */
  executors?: readonly RuleExecutor[] | undefined
  /** Besides `deadLetters()`, actions of your own. */
  actions?: readonly RuleAction[] | undefined
  /** By the name of a rule, or by a type, such as `{ ENCRYPT: { disabled: true } }`. A name counts before a type. */
  overrides?: Readonly<Record<string, RuleOverride>> | undefined
  /** Where this is, for rule sets that are enabled for one environment (Java: execution.environment). Default none. */
  environment?: string | undefined
}
