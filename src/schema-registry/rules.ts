import { SerializationError } from './errors.ts'
import type { FieldTransform, RuleField } from './format.ts'
import type { ResolvedSchema, Rule } from './schema.ts'

/** What a rule is carried out on. */
export interface RuleContext {
  readonly rule: Rule
  readonly mode: 'WRITE' | 'READ' | 'UPGRADE' | 'DOWNGRADE'
  readonly topic: string
  readonly field: 'key' | 'value'
  readonly schema: ResolvedSchema
}

/** Carries out rules of one type, such as CEL or JSONATA. */
export interface RuleExecutor {
  readonly type: string
  /** The new value, for a TRANSFORM; whether the value is all right, for a CONDITION. */
  execute?(context: RuleContext, value: unknown): unknown
  /** The same for one field, for types such as CEL_FIELD and ENCRYPT. */
  executeField?(context: RuleContext, field: RuleField, value: unknown): unknown
}

/** What is done after a rule, besides NONE and ERROR, such as DLQ: sends the record elsewhere, and may throw. */
export interface RuleAction {
  readonly type: string
  run(context: RuleContext, value: unknown, error: unknown): void | Promise<void>
}

/** What carries out the rules of data contracts. */
export interface Rules {
  executors?: readonly RuleExecutor[] | undefined
  actions?: readonly RuleAction[] | undefined
}

/** Lets rules at the fields of a value; the value itself when its format knows no fields. */
export type FieldVisitor = ((value: never, transform: FieldTransform) => unknown) | undefined

/** The domain rules of a schema for one direction, in the order in which they are carried out; undefined when there are none. */
export function domainRules(schema: ResolvedSchema, mode: 'WRITE' | 'READ'): readonly Rule[] | undefined {
  const rules = (schema.ruleSet?.domainRules ?? []).filter(
    (rule) => rule.disabled !== true && (rule.mode === mode || (rule.mode ?? 'WRITEREAD') === 'WRITEREAD'),
  )
  if (rules.length === 0) return undefined
  // What was done last is undone first.
  return mode === 'READ' ? rules.toReversed() : rules
}

/** Carries out rules one after another. Rejects with SerializationError that names the rule which refused the value. */
export async function applyRules(
  rules: readonly Rule[],
  rulesOptions: Rules | undefined,
  context: Omit<RuleContext, 'rule'>,
  value: unknown,
  visit: FieldVisitor,
): Promise<unknown> {
  let current = value
  for (const rule of rules) {
    const ruleContext: RuleContext = { ...context, rule }
    try {
      current = await applyRule(ruleContext, rulesOptions, current, visit)
    } catch (error) {
      await act(rule.onFailure ?? 'ERROR', ruleContext, rulesOptions, current, error)
      continue
    }
    if (rule.onSuccess !== undefined) await act(rule.onSuccess, ruleContext, rulesOptions, current, undefined)
  }
  return current
}

async function applyRule(
  context: RuleContext,
  rules: Rules | undefined,
  value: unknown,
  visit: FieldVisitor,
): Promise<unknown> {
  const { rule } = context
  const executor = rules?.executors?.find(({ type }) => type === rule.type)
  if (executor === undefined) {
    throw new SerializationError(`rule ${rule.name} needs an executor for ${rule.type}: pass one in rules.executors`)
  }
  if (executor.executeField !== undefined) return applyToFields(context, executor, value, visit)
  if (executor.execute === undefined) throw new SerializationError(`the executor for ${rule.type} has no execute`)
  const result = await executor.execute(context, value)
  if (rule.kind !== 'CONDITION') return result
  if (result !== true) throw new SerializationError(`rule ${rule.name} is not met${why(rule)}`)
  return value
}

async function applyToFields(
  context: RuleContext,
  executor: RuleExecutor,
  value: unknown,
  visit: FieldVisitor,
): Promise<unknown> {
  const { rule } = context
  if (visit === undefined) {
    throw new SerializationError(`rule ${rule.name} is about fields, which this format does not tell apart`)
  }
  return visit(value as never, async (field, fieldValue) => {
    if (rule.tags !== undefined && rule.tags.length > 0 && !rule.tags.some((tag) => field.tags.has(tag))) {
      return fieldValue
    }
    const result: unknown = await executor.executeField!(context, field, fieldValue)
    if (rule.kind !== 'CONDITION') return result
    if (result !== true) {
      throw new SerializationError(`rule ${rule.name} is not met${why(rule)}`, { path: field.fullName })
    }
    return fieldValue
  })
}

async function act(
  names: string,
  context: RuleContext,
  rules: Rules | undefined,
  value: unknown,
  error: unknown,
): Promise<void> {
  const { rule, mode } = context
  const [forWrite, forRead = forWrite] = names.split(',')
  const name = (rule.mode === 'WRITEREAD' && mode === 'READ' ? forRead : forWrite)!.trim()
  if (name === 'NONE') return
  if (name === 'ERROR') {
    if (error instanceof SerializationError) throw error
    throw new SerializationError(`rule ${rule.name} failed, see the cause`, { cause: error })
  }
  const action = rules?.actions?.find(({ type }) => type === name)
  if (action === undefined) {
    throw new SerializationError(`rule ${rule.name} asks for the action ${name}: pass one in rules.actions`, {
      cause: error,
    })
  }
  await action.run(context, value, error)
}

function why({ doc, expr }: Rule): string {
  if (doc !== undefined) return `: ${doc}`
  return expr === undefined ? '' : `: ${expr}`
}
