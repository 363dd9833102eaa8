import { loadPackage } from '../optional-package.ts'
import { SerializationError } from '../errors.ts'
import { fromExpressionValue } from './expression-value.ts'
import type { RuleContext, RuleExecutor } from './rule.ts'

/** What is used of the packages, so that their types are not needed to compile against this one. */
interface Cel {
  celEnv(options: { funcs: readonly unknown[] }): unknown
  parse(expression: string): unknown
  plan(env: unknown, parsed: unknown): Program
  isCelError(value: unknown): boolean
  isCelMap(value: unknown): value is Iterable<[unknown, unknown]>
  isCelList(value: unknown): value is Iterable<unknown>
  isCelUint(value: unknown): value is { value: bigint }
}

type Program = (variables: Readonly<Record<string, unknown>>) => unknown

const MAX_KEPT = 1000

/** Options of `celRules`. */
export interface CelOptions {
  /** Functions of your own, made with celFunc and celMethod of @bufbuild/cel, besides CEL's and its strings extension. */
  functions?: readonly unknown[] | undefined
}

/**
 * Carries out rules of the types CEL and CEL_FIELD: `rules: { executors: celRules() }`. Needs the packages @bufbuild/cel and
 * @bufbuild/protobuf. An expression may have a guard before it: `guard ; expression` leaves alone whatever the guard does not hold for.
 *
 * CEL sees `message`; CEL_FIELD sees `value`, `name`, `fullName`, `typeName`, `tags` and `message`, the record around it; both see `now`.
 */
export function celRules({ functions = [] }: CelOptions = {}): readonly RuleExecutor[] {
  const evaluator = new Evaluator(functions)
  return [
    {
      type: 'CEL',
      execute: async (context, value) => {
        const message = context.expressionValue(value)
        const result = await evaluator.run(context, { message })
        return result === SKIPPED || result === message ? whole(context, value) : result
      },
    },
    {
      type: 'CEL_FIELD',
      executeField: async (context, { name, fullName, type, tags }, value, containing) => {
        // As in Java: only fields of a primitive type.
        if (type === 'RECORD' || value === null || value === undefined) return whole(context, value)
        const result = await evaluator.run(context, {
          value: isInteger(type) && typeof value === 'number' ? BigInt(value) : value,
          name,
          fullName,
          typeName: type,
          tags: [...tags],
          message: containing(),
        })
        if (result === SKIPPED) return whole(context, value)
        // Protobuf's 64-bit fields take bigints only.
        return typeof value === 'bigint' && typeof result === 'number' ? BigInt(result) : result
      },
    },
  ]
}

const SKIPPED = Symbol('skipped')

/** What comes of a rule that had nothing to do. */
function whole({ rule }: RuleContext, value: unknown): unknown {
  return rule.kind === 'CONDITION' ? true : value
}

function isInteger(type: string): boolean {
  return type === 'INT' || type === 'LONG'
}

class Evaluator {
  readonly #programs = new Map<string, Program>()
  readonly #functions: readonly unknown[]
  #loading: Promise<Loaded> | undefined

  constructor(functions: readonly unknown[]) {
    this.#functions = functions
  }

  async run({ rule }: RuleContext, variables: Readonly<Record<string, unknown>>): Promise<unknown> {
    const text = rule.expr
    if (text === undefined) return SKIPPED
    this.#loading ??= load(this.#functions)
    this.#loading.catch(() => (this.#loading = undefined))
    const { cel, env, timestampNow } = await this.#loading
    const evaluate = (expression: string): unknown => {
      let program = this.#programs.get(expression)
      if (program === undefined) {
        if (this.#programs.size >= MAX_KEPT) this.#programs.clear()
        program = cel.plan(env, cel.parse(expression))
        this.#programs.set(expression, program)
      }
      const result = program({ now: timestampNow(), ...variables })
      if (cel.isCelError(result)) throw result
      return result
    }
    const end = rule.params?.['cel.ignore.guard.separator'] === 'true' ? -1 : text.indexOf(';')
    const guard = end < 0 ? '' : text.slice(0, end)
    if (guard.trim() !== '' && !holds(evaluate, guard)) return SKIPPED
    const result = evaluate(text.slice(end + 1))
    return result === variables['message'] ? result : fromExpressionValue(native(cel, result))
  }
}

/** A guard that cannot be evaluated does not hold, as in Java. */
function holds(evaluate: (expression: string) => unknown, guard: string): boolean {
  try {
    return evaluate(guard) === true
  } catch {
    return false
  }
}

interface Loaded {
  cel: Cel
  env: unknown
  timestampNow: () => unknown
}

async function load(functions: readonly unknown[]): Promise<Loaded> {
  const purpose = 'rules of the types CEL and CEL_FIELD'
  const [cel, { strings }, { timestampNow }] = await Promise.all([
    loadPackage('@bufbuild/cel', purpose, async () => (await import('@bufbuild/cel')) as unknown as Cel),
    loadPackage('@bufbuild/cel', purpose, () => import('@bufbuild/cel/ext')),
    loadPackage('@bufbuild/protobuf', purpose, () => import('@bufbuild/protobuf/wkt')),
  ])
  return { cel, env: cel.celEnv({ funcs: [...strings, ...functions] }), timestampNow }
}

/** Lists and maps of CEL as those of JavaScript. */
function native(cel: Cel, value: unknown): unknown {
  if (cel.isCelList(value)) return Array.from(value, (item) => native(cel, item))
  if (cel.isCelUint(value)) return value.value
  if (!cel.isCelMap(value)) return value
  const members: Record<string, unknown> = {}
  for (const [key, item] of value) {
    if (typeof key !== 'string') throw new SerializationError('the expression made a map whose keys are not text')
    Object.defineProperty(members, key, {
      value: native(cel, item),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return members
}
