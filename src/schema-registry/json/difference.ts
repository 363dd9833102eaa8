import type { SchemaNode } from './schema-node.ts'

/** One reason why values of a writer's schema may be none of a reader's; types and paths are Java's. */
export interface JsonIncompatibility {
  /** Such as REQUIRED_ATTRIBUTE_ADDED. */
  readonly type: string
  /** Into the schemas, such as `#/properties/id`. */
  readonly path: string
}

/** Compares what two schemas say of the same place; the paths of what is found begin there. */
export type CompareNodes = (
  reader: SchemaNode | undefined,
  writer: SchemaNode | undefined,
) => readonly JsonIncompatibility[]

/** A difference at a place below the one that is compared. */
export function difference(type: string, at = ''): JsonIncompatibility {
  return { type, path: `#/${at}` }
}

/** What was found at a place below the one that is compared. */
export function below(at: string, found: readonly JsonIncompatibility[]): readonly JsonIncompatibility[] {
  return found.map(({ type, path }) => ({ type, path: path === '#/' ? `#/${at}` : `#/${at}/${path.slice(2)}` }))
}
