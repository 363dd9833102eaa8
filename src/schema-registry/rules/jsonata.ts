import { loadPackage } from '../optional-package.ts'
import type { RuleExecutor } from './rule.ts'

/** What is used of jsonata, so that its types are not needed to compile against this package. */
type Jsonata = (expression: string) => { evaluate(input: unknown): Promise<unknown> }

/** Expressions that are kept parsed. */
const MAX_KEPT = 1000

/**
 * Carries out rules of type JSONATA, such as those of migrations: `rules: { executors: [jsonataRules()] }`. Needs the package jsonata.
 * An expression without a result changes nothing, and is a condition that is met, as in Java.
 */
export function jsonataRules(): RuleExecutor {
  const parsed = new Map<string, ReturnType<Jsonata>>()
  let loading: Promise<Jsonata> | undefined
  return {
    type: 'JSONATA',
    execute: async ({ rule }, value) => {
      loading ??= loadPackage(
        'jsonata',
        'rules of type JSONATA',
        async () => (await import('jsonata')).default as Jsonata,
      )
      loading.catch(() => (loading = undefined))
      const jsonata = await loading
      const text = rule.expr ?? '$'
      let expression = parsed.get(text)
      if (expression === undefined) {
        if (parsed.size >= MAX_KEPT) parsed.clear()
        expression = jsonata(text)
        parsed.set(text, expression)
      }
      const result = await expression.evaluate(value)
      if (rule.kind === 'CONDITION') return result === undefined || result === true
      return result ?? value
    },
  }
}
