import { SerializationError } from '../errors.ts'
import { loadPackage } from '../optional-package.ts'
import type { ResolvedSchema } from '../schema.ts'
import { type Draft, draftOf, idOf, type JsonObject, parseSchema } from './schema-text.ts'

/** Says what is wrong with a value; undefined when nothing is. */
export type Validate = (value: unknown) => Misfit | undefined

/** What is wrong with a value, and where. */
export interface Misfit {
  path: string
  reason: string
}

/** What is used of ajv, so that its types are not needed to compile against this package. */
interface Ajv {
  addSchema(schema: object, key: string): unknown
  getSchema(key: string): unknown
  compile(schema: object | boolean): AjvValidate
}

interface AjvValidate {
  (value: unknown): boolean
  errors?: { instancePath: string; message?: string; params?: Record<string, unknown> }[] | null
}

type AjvClass = new (options: object) => Ajv

/** The classes of ajv, one for each family of drafts. */
export interface AjvClasses {
  readonly byDraft: Readonly<Record<Draft, AjvClass>>
  readonly addFormats: (ajv: Ajv) => void
}

/** Loads ajv. Rejects with ConfigError that names the package which is missing. */
export async function loadAjv(): Promise<AjvClasses> {
  const purpose = 'JSON Schema'
  const load = (name: string, module: () => Promise<unknown>): Promise<unknown> =>
    loadPackage(name, purpose, module).then(defaultOf)
  const [seven, four, nineteen, twenty, formats] = await Promise.all([
    load('ajv', () => import('ajv')),
    load('ajv-draft-04', () => import('ajv-draft-04')),
    load('ajv', () => import('ajv/dist/2019.js')),
    load('ajv', () => import('ajv/dist/2020.js')),
    load('ajv-formats', () => import('ajv-formats')),
  ])
  const byDraft = { '4': four, '7': seven, '2019': nineteen, '2020': twenty } as Record<Draft, AjvClass>
  return { byDraft, addFormats: formats as AjvClasses['addFormats'] }
}

/** What a CommonJS module exports as its default, as runtimes and bundlers have it in different places. */
function defaultOf(module: unknown): unknown {
  const outer = (module as { default?: unknown }).default
  return (outer as { default?: unknown } | undefined)?.default ?? outer ?? module
}

/** Compiles a schema along with all that it refers to. Throws SerializationError for what is no schema. */
export function compile({ byDraft, addFormats }: AjvClasses, schema: ResolvedSchema): Validate {
  const root = parseSchema(schema.schema)
  const ajv = new byDraft[draftOf(root)]({ strict: false, strictNumbers: true, allowUnionTypes: true, logger: false })
  let validate: AjvValidate
  try {
    addFormats(ajv)
    addReferences(ajv, schema, idOf(root), new Map())
    validate = ajv.compile(withoutDraft(root))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it cannot be compiled'
    throw new SerializationError(`not a JSON Schema that can be used: ${reason}`, { cause })
  }
  return (value) => (validate(value) ? undefined : misfitOf(validate))
}

/** Each class knows its own draft: the word is not needed any more, and draft 6 would be looked for. */
function withoutDraft(schema: JsonObject | boolean): JsonObject | boolean {
  if (typeof schema === 'boolean') return schema
  const { $schema: _, ...rest } = schema
  return rest
}

/** Adds what is referred to under its name, and under what the name means next to the `$id` of what refers to it. */
function addReferences(
  ajv: Ajv,
  schema: ResolvedSchema,
  base: string | undefined,
  added: Map<ResolvedSchema, object>,
): void {
  for (const [name, target] of schema.references) {
    let parsed = added.get(target)
    const isNew = parsed === undefined
    // ajv wants objects, and takes the same one under several names.
    const given = parseSchema(target.schema)
    parsed ??= typeof given === 'boolean' ? { allOf: [given] } : (withoutDraft(given) as object)
    added.set(target, parsed)
    const names = [name, ...(base !== undefined && URL.canParse(name, base) ? [new URL(name, base).href] : [])]
    const own = idOf(parsed as Record<string, unknown>)
    for (const key of new Set(names)) if (key !== own && !isKnown(ajv, key)) ajv.addSchema(parsed, key)
    if (own !== undefined && names.includes(own) && isNew) ajv.addSchema(parsed, own)
    if (isNew) addReferences(ajv, target, own ?? base, added)
  }
}

/** getSchema compiles, which fails as long as something is missing: what fails is there. */
function isKnown(ajv: Ajv, key: string): boolean {
  try {
    return ajv.getSchema(key) !== undefined
  } catch {
    return true
  }
}

function misfitOf({ errors }: AjvValidate): Misfit {
  const [first] = errors ?? []
  if (first === undefined) return { path: '', reason: 'does not match the schema' }
  const { additionalProperty, allowedValues } = first.params ?? {}
  const extra = typeof additionalProperty === 'string' ? ` (${additionalProperty})` : ''
  const allowed = Array.isArray(allowedValues) ? `: ${allowedValues.map(String).join(', ')}` : ''
  return { path: pathOf(first.instancePath), reason: `${first.message ?? 'does not match'}${extra}${allowed}` }
}

/** A JSON pointer as a path: `/items/0/name` is `items[0].name`. */
function pathOf(pointer: string): string {
  let path = ''
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (/^\d+$/.test(name)) path += `[${name}]`
    else path += path === '' ? name : `.${name}`
  }
  return path
}
