import { SerializationError } from '../errors.ts'
import type { ResolvedSchema, Rule, RuleSet } from '../schema.ts'
import type { RuleContext, RuleExecutor, RuleMode, Rules } from './rule.ts'

/** Header of records that came from a dead letter queue: the rule that has failed already. */
export const FAILED_RULE_HEADER = '__rule.name'

/** Rules of one phase that hold in one direction. */
export interface RuleSelection {
  readonly mode: RuleMode
  readonly schema: ResolvedSchema
  /** In the order in which they are carried out. */
  readonly rules: readonly Rule[]
}

/** The phases, as rule sets name them. */
type Phase = 'migrationRules' | 'domainRules' | 'encodingRules'

/** The rules of a schema for one phase and direction; undefined when there are none (Java: AbstractKafkaSchemaSerDe.executeRules). */
export function selectRules(
  schema: ResolvedSchema,
  phase: Phase,
  mode: RuleMode,
  options: Rules | undefined,
): RuleSelection | undefined {
  const { ruleSet } = schema
  if (ruleSet === undefined || !isEnabled(ruleSet, options)) return undefined
  const rules = (ruleSet[phase] ?? []).filter(
    (rule) => hasMode(rule, mode, phase) && (overrideOf(rule, 'disabled', options) ?? rule.disabled) !== true,
  )
  if (rules.length === 0) return undefined
  // What was done last is undone first.
  return { mode, schema, rules: mode === 'READ' || mode === 'DOWNGRADE' ? rules.toReversed() : rules }
}

function isEnabled({ enableAt }: RuleSet, options: Rules | undefined): boolean {
  return (enableAt ?? 'ALL') === 'ALL' || (enableAt !== 'NONE' && enableAt === options?.environment)
}

function hasMode(rule: Rule, mode: RuleMode, phase: Phase): boolean {
  const both = phase === 'migrationRules' ? 'UPDOWN' : 'WRITEREAD'
  return (rule.mode ?? both) === both || rule.mode === mode
}

function overrideOf<K extends 'onSuccess' | 'onFailure' | 'disabled'>(rule: Rule, name: K, options: Rules | undefined) {
  return options?.overrides?.[rule.name]?.[name] ?? options?.overrides?.[rule.type]?.[name]
}

/**
 * Carries out rules one after another. Rejects with SerializationError that names the rule which refused the value, unless its action
 * says otherwise.
 */
export async function runRules(
  { mode, schema, rules }: RuleSelection,
  options: Rules | undefined,
  about: Omit<RuleContext, 'rule' | 'mode' | 'schema' | 'rules'>,
  value: unknown,
): Promise<unknown> {
  let current = value
  for (const rule of rules) {
    if (hasFailedBefore(rule, about)) continue
    const context: RuleContext = { ...about, rule, mode, schema, rules }
    let failure: { error: unknown } | undefined
    try {
      current = await runRule(context, options, current)
    } catch (error) {
      failure = { error }
    }
    const chosen = failure === undefined ? 'onSuccess' : 'onFailure'
    const action = overrideOf(rule, chosen, options) ?? rule[chosen] ?? (failure === undefined ? 'NONE' : 'ERROR')
    await act(actionFor(action, rule, mode), context, options, current, failure?.error)
  }
  return current
}

/** Records of a dead letter queue can be read: the rule that put them there is left out. */
function hasFailedBefore({ name }: Rule, { headers }: Pick<RuleContext, 'headers'>): boolean {
  const header = headers.findLast(({ key }) => key === FAILED_RULE_HEADER)
  return header !== undefined && header.value !== null && new TextDecoder().decode(header.value) === name
}

async function runRule(context: RuleContext, options: Rules | undefined, value: unknown): Promise<unknown> {
  const { rule } = context
  const executor = options?.executors?.find(({ type }) => type === rule.type)
  if (executor === undefined) {
    throw new SerializationError(`rule ${rule.name} needs an executor for ${rule.type}: pass one in rules.executors`)
  }
  if (executor.executeField !== undefined) return runForFields(context, executor, value)
  if (executor.execute === undefined) throw new SerializationError(`the executor for ${rule.type} has no execute`)
  const result: unknown = await executor.execute(context, value)
  if (rule.kind === 'CONDITION') {
    if (result !== true) throw notMet(rule, '')
    return value
  }
  if (result === null || result === undefined) throw new SerializationError(`rule ${rule.name} left no value`)
  return result
}

async function runForFields(context: RuleContext, executor: RuleExecutor, value: unknown): Promise<unknown> {
  const { rule, transformFields } = context
  if (transformFields === undefined) {
    throw new SerializationError(`rule ${rule.name} is about fields, which are not told apart here`)
  }
  if (isSuperseded(context)) return value
  const tags = rule.tags ?? []
  return transformFields(value, async (field, item, containing) => {
    if (tags.length > 0 && !tags.some((tag) => field.tags.has(tag))) return item
    const result: unknown = await executor.executeField!(context, field, item, containing)
    if (rule.kind !== 'CONDITION') return result
    if (result !== true) throw notMet(rule, field.fullName)
    return item
  })
}

/** Of transforms of one type and the same tags only the first counts, which of reversed rules is the last (Java: FieldRuleExecutor). */
function isSuperseded({ rule, rules }: RuleContext): boolean {
  if (rule.kind !== 'TRANSFORM' || rule.tags === undefined || rule.tags.length === 0) return false
  const isAlike = (other: Rule): boolean =>
    other.kind === rule.kind &&
    other.type === rule.type &&
    other.mode === rule.mode &&
    String(other.tags) === String(rule.tags)
  return rules.find(isAlike) !== rule
}

function notMet({ name, doc, expr }: Rule, path: string): SerializationError {
  const why = doc ?? expr
  return new SerializationError(`rule ${name} is not met${why === undefined ? '' : `: ${why}`}`, { path })
}

/** Of two actions that a comma parts, one is for writing or upgrading, the other for reading or downgrading. */
function actionFor(names: string, rule: Rule, mode: RuleMode): string {
  const [forward, backward = forward] = names.split(',')
  const isBoth = rule.mode === undefined || rule.mode === 'WRITEREAD' || rule.mode === 'UPDOWN'
  return (isBoth && (mode === 'READ' || mode === 'DOWNGRADE') ? backward! : forward!).trim()
}

async function act(
  name: string,
  context: RuleContext,
  options: Rules | undefined,
  value: unknown,
  error: unknown,
): Promise<void> {
  const { rule } = context
  const action = options?.actions?.find(({ type }) => type === name)
  if (action !== undefined) {
    await action.run(context, value, error)
    return
  }
  if (name === 'NONE') return
  if (name === 'ERROR') {
    if (error instanceof SerializationError) throw error
    throw new SerializationError(`rule ${rule.name} failed, see the cause`, { cause: error })
  }
  throw new SerializationError(`rule ${rule.name} asks for the action ${name}: pass one in rules.actions`, {
    cause: error,
  })
}
