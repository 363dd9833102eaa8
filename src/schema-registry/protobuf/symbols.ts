import type {
  EnumDescriptor,
  EnumValueDescriptor,
  FieldDescriptor,
  FileDescriptor,
  MessageDescriptor,
  MethodDescriptor,
  OneofDescriptor,
  ServiceDescriptor,
} from './descriptor.ts'

/** What a full name stands for. */
export type ProtoSymbol = { readonly fullName: string } & (
  | { readonly kind: 'package' }
  | { readonly kind: 'message'; readonly descriptor: MessageDescriptor }
  | { readonly kind: 'enum'; readonly descriptor: EnumDescriptor }
  | { readonly kind: 'enum value'; readonly descriptor: EnumValueDescriptor }
  | { readonly kind: 'field' | 'extension'; readonly descriptor: FieldDescriptor; readonly scope: string }
  | { readonly kind: 'oneof'; readonly descriptor: OneofDescriptor }
  | { readonly kind: 'service'; readonly descriptor: ServiceDescriptor }
  | { readonly kind: 'method'; readonly descriptor: MethodDescriptor }
)

/** A file with everything it imports. */
export interface ProtoFile {
  readonly descriptor: FileDescriptor
  /** In the order of `descriptor.dependency`. */
  readonly dependencies: readonly ProtoFile[]
  /** What the file itself defines, and the packages it is in, by full name without a leading dot. */
  readonly symbols: ReadonlyMap<string, ProtoSymbol>
}

/** Every definition of a file with its full name, parents first. Enum values are siblings of their enum, as in C++. */
export function* definitions(file: FileDescriptor): Generator<ProtoSymbol> {
  const scope = file.package ?? ''
  for (const message of file.messageType) yield* messageDefinitions(message, scope)
  for (const descriptor of file.enumType) yield* enumDefinitions(descriptor, scope)
  for (const descriptor of file.extension)
    yield { kind: 'extension', fullName: join(scope, descriptor.name), descriptor, scope }
  for (const descriptor of file.service) {
    const fullName = join(scope, descriptor.name)
    yield { kind: 'service', fullName, descriptor }
    for (const method of descriptor.method) {
      yield { kind: 'method', fullName: join(fullName, method.name), descriptor: method }
    }
  }
}

function* messageDefinitions(descriptor: MessageDescriptor, outer: string): Generator<ProtoSymbol> {
  const scope = join(outer, descriptor.name)
  yield { kind: 'message', fullName: scope, descriptor }
  for (const field of descriptor.field)
    yield { kind: 'field', fullName: join(scope, field.name), descriptor: field, scope }
  for (const oneof of descriptor.oneofDecl)
    yield { kind: 'oneof', fullName: join(scope, oneof.name), descriptor: oneof }
  for (const message of descriptor.nestedType) yield* messageDefinitions(message, scope)
  for (const nested of descriptor.enumType) yield* enumDefinitions(nested, scope)
  for (const extension of descriptor.extension) {
    yield { kind: 'extension', fullName: join(scope, extension.name), descriptor: extension, scope }
  }
}

function* enumDefinitions(descriptor: EnumDescriptor, scope: string): Generator<ProtoSymbol> {
  yield { kind: 'enum', fullName: join(scope, descriptor.name), descriptor }
  for (const value of descriptor.value)
    yield { kind: 'enum value', fullName: join(scope, value.name), descriptor: value }
}

/** The packages that a file is in: `a.b` is in `a` and `a.b`. */
export function* packagesOf(file: FileDescriptor): Generator<ProtoSymbol> {
  if (file.package === undefined || file.package === '') return
  const parts = file.package.split('.')
  for (let count = 1; count <= parts.length; count++)
    yield { kind: 'package', fullName: parts.slice(0, count).join('.') }
}

/** What one file may name: its own definitions, those of its imports, and those that its imports import publicly. */
export class Scope {
  /** Files that are imported directly. */
  readonly dependencies: readonly ProtoFile[]
  readonly #tables: readonly ReadonlyMap<string, ProtoSymbol>[]

  constructor(own: ReadonlyMap<string, ProtoSymbol>, dependencies: readonly ProtoFile[]) {
    this.dependencies = dependencies
    this.#tables = [own, ...[...visibleFiles(dependencies)].map(({ symbols }) => symbols)]
  }

  /** What the full name stands for; a leading dot is not part of it. */
  get(fullName: string): ProtoSymbol | undefined {
    for (const table of this.#tables) {
      const symbol = table.get(fullName)
      if (symbol !== undefined) return symbol
    }
    return undefined
  }

  /**
   * What `name` means within `scope`: the innermost scope that knows its first part decides, as in C++; what `isWanted` refuses is
   * passed over there when it is the whole name. A leading dot makes the name a full one.
   */
  find(name: string, scope: string, isWanted: (symbol: ProtoSymbol) => boolean): ProtoSymbol | undefined {
    if (name.startsWith('.')) return this.#wanted(name.slice(1), isWanted)
    const dot = name.indexOf('.')
    const first = dot < 0 ? name : name.slice(0, dot)
    for (let outer: string | undefined = scope; outer !== undefined; outer = parentOf(outer)) {
      const found = this.get(join(outer, first))
      if (found === undefined) continue
      if (dot < 0) {
        if (isWanted(found)) return found
      } else if (isAggregate(found)) return this.#wanted(join(outer, name), isWanted)
    }
    return undefined
  }

  #wanted(fullName: string, isWanted: (symbol: ProtoSymbol) => boolean): ProtoSymbol | undefined {
    const symbol = this.get(fullName)
    return symbol !== undefined && isWanted(symbol) ? symbol : undefined
  }
}

/** The files, and those that they import publicly, and so on. */
export function visibleFiles(files: readonly ProtoFile[]): ReadonlySet<ProtoFile> {
  const visible = new Set<ProtoFile>(files)
  // A set hands out what is added to it while it is walked.
  for (const file of visible) {
    for (const index of file.descriptor.publicDependency) {
      const dependency = file.dependencies[index]
      if (dependency !== undefined) visible.add(dependency)
    }
  }
  return visible
}

/** The files and everything that they import, directly or not. */
export function reachableFiles(files: readonly ProtoFile[]): ReadonlySet<ProtoFile> {
  const reachable = new Set<ProtoFile>(files)
  for (const { dependencies } of reachable) for (const dependency of dependencies) reachable.add(dependency)
  return reachable
}

/** `scope.name`, or the name alone at the outermost level. */
export function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

/** The scope around a scope; undefined for the outermost one. */
export function parentOf(scope: string): string | undefined {
  if (scope === '') return undefined
  return scope.slice(0, Math.max(0, scope.lastIndexOf('.')))
}

function isAggregate(symbol: ProtoSymbol): boolean {
  return symbol.kind === 'message' || symbol.kind === 'enum' || symbol.kind === 'package' || symbol.kind === 'service'
}
