import { SchemaRegistryClient } from '../../../src/schema-registry/client/schema-registry-client.ts'
import type { RuleSet, SchemaReference } from '../../../src/schema-registry/schema.ts'

export interface StoredSchema {
  id: number
  subject: string
  version: number
  schema: string
  schemaType: string
  references: SchemaReference[]
  ruleSet?: RuleSet | undefined
}

/** As much of a registry as serdes need, behind a `fetch` of its own. */
export class FakeRegistry {
  readonly schemas: StoredSchema[] = []
  /** What every schema is registered with from now on. */
  ruleSet: RuleSet | undefined
  readonly client: SchemaRegistryClient = new SchemaRegistryClient({
    url: 'http://registry.test',
    maxRetries: 0,
    fetch: (input, init) => Promise.resolve(this.#answer(String(input as string | URL), init)),
  })

  #answer(url: string, init: RequestInit | undefined): Response {
    const path = decodeURIComponent(new URL(url).pathname)
    const id = /^\/schemas\/ids\/(\d+)$/.exec(path)?.[1]
    if (id !== undefined) return this.#found((one) => one.id === Number(id))
    const [, subject, version] = /^\/subjects\/([^?]+?)(?:\/versions(?:\/(\w+))?)?$/.exec(path) ?? []
    if (subject === undefined) return Response.json({ error_code: 404, message: path }, { status: 404 })
    if (init?.method === 'POST') return this.#post(subject, path.endsWith('/versions'), init.body as string)
    const versions = this.schemas.filter((one) => one.subject === subject).length
    return this.#found(
      (one) => one.subject === subject && one.version === Number(version === 'latest' ? versions : version),
    )
  }

  #post(subject: string, isRegistration: boolean, body: string): Response {
    const {
      schema,
      schemaType,
      references = [],
    } = JSON.parse(body) as Partial<StoredSchema> & Pick<StoredSchema, 'schema' | 'schemaType'>
    const known = this.schemas.find((one) => one.subject === subject && one.schema === schema)
    if (known !== undefined) return Response.json(known)
    if (!isRegistration) return Response.json({ error_code: 40403, message: 'Schema not found' }, { status: 404 })
    const version = this.schemas.filter((one) => one.subject === subject).length + 1
    const stored = {
      id: this.schemas.length + 1,
      subject,
      version,
      schema,
      schemaType,
      references,
      ruleSet: this.ruleSet,
    }
    this.schemas.push(stored)
    return Response.json(stored)
  }

  #found(isWanted: (schema: StoredSchema) => boolean): Response {
    const found = this.schemas.find((one) => isWanted(one))
    if (found === undefined) return Response.json({ error_code: 40403, message: 'Schema not found' }, { status: 404 })
    return Response.json(found)
  }
}
