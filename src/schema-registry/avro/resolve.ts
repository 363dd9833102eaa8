import { Aliases } from './aliases.ts'
import {
  arrayDecoder,
  mapDecoder,
  recordDecoder,
  unionDecoder,
  type Decode,
  type DecodeCompiler,
  type FieldStep,
} from './decode.ts'
import { defaultDecoder } from './default-decoder.ts'
import { Misfit } from './misfit.ts'
import { compileSkip, minBytes, type Skip } from './skip.ts'
import { areAlikeUnions } from './alike.ts'
import { shortName, type AvroType, type EnumType, type FixedType, type RecordType, type UnionType } from './types.ts'

/**
 * Compiles what reads values of a writer's schema as values of a reader's: defaults, aliases, promotions and the rest of the
 * specification's schema resolution. Where the specification and Java differ it does as Java (org.apache.avro.Resolver), since
 * that is what Confluent's consumers see: records match whatever their names outside of unions, and a reader's union takes
 * the branch of the same type before one to promote to.
 *
 * What cannot be resolved fails only when a value of it comes along: a writer's branch that is never used does no harm.
 */
export class Resolution {
  readonly #compiler: DecodeCompiler
  readonly #aliases: Aliases
  readonly #records = new Map<RecordType, Map<RecordType, Decode>>()
  readonly #skips = new Map<AvroType, Skip>()
  /** What `#hasNoProblem` found. A pair that is being looked into is taken to match, which ends recursion. */
  readonly #verdicts = new Map<RecordType, Map<RecordType, boolean>>()

  /** @param compiler - of values that need no resolution; it tells how values look. */
  constructor(reader: AvroType, compiler: DecodeCompiler) {
    this.#aliases = new Aliases(reader)
    this.#compiler = compiler
  }

  compile(writer: AvroType, reader: AvroType): Decode {
    const problem = this.#problem(writer, reader)
    if (problem !== undefined) return failing(problem)
    if (writer.kind === 'union') return this.#fromUnion(writer, reader)
    if (reader.kind === 'union') {
      const branch = this.#branchFor(writer, reader)!
      return this.#compiler.branch(branch, this.compile(writer, branch))
    }
    switch (writer.kind) {
      case 'array': {
        if (reader.kind !== 'array') break
        return arrayDecoder(this.compile(writer.items, reader.items), minBytes(writer.items))
      }
      case 'map': {
        if (reader.kind !== 'map') break
        return mapDecoder(this.compile(writer.values, reader.values), minBytes(writer.values))
      }
      case 'enum':
        if (reader.kind !== 'enum') break
        return this.#enum(writer, reader)
      case 'record':
        if (reader.kind !== 'record') break
        return this.#record(writer, reader)
    }
    const promoted = promotion(writer.kind, reader.kind, this.#compiler.rules.longs)
    return promoted === undefined ? this.#compiler.compile(reader) : this.#compiler.converting(reader, promoted)
  }

  #fromUnion(writer: UnionType, reader: AvroType): Decode {
    const isAlike = reader.kind === 'union' && areAlikeUnions(writer, reader, this.#aliases)
    return unionDecoder(
      writer.branches.map((branch, index) => {
        if (!isAlike) return this.compile(branch, reader)
        const target = reader.branches[index]!
        return this.#compiler.branch(target, this.compile(branch, target))
      }),
    )
  }

  /** Why no value of one type can be read as the other, as far as it shows without looking into what they hold. */
  #problem(writer: AvroType, reader: AvroType): string | undefined {
    if (writer.kind === 'union') return undefined
    if (reader.kind === 'union') {
      return this.#branchFor(writer, reader) === undefined ? mismatch(writer, reader) : undefined
    }
    if (writer.kind !== reader.kind) {
      return promotion(writer.kind, reader.kind, 'auto') === undefined ? mismatch(writer, reader) : undefined
    }
    if (writer.kind === 'record') return this.#missingField(writer, reader as RecordType)
    if (writer.kind !== 'enum' && writer.kind !== 'fixed') return undefined
    const target = reader as typeof writer
    const isSame = this.#aliases.shortName(writer) === shortName(target.name)
    if (isSame && (writer.kind !== 'fixed' || writer.size === (target as FixedType).size)) return undefined
    return mismatch(writer, reader)
  }

  #missingField(writer: RecordType, reader: RecordType): string | undefined {
    const written = new Set(writer.fields.map((field) => this.#aliases.fieldName(writer, field.name)))
    const missing = reader.fields.find((field) => !written.has(field.name) && field.default === undefined)
    if (missing === undefined) return undefined
    return `${mismatch(writer, reader)}: it lacks the field ${missing.name}, for which there is no default`
  }

  #branchFor(writer: AvroType, reader: UnionType): AvroType | undefined {
    let alike: AvroType | undefined
    for (const branch of reader.branches) {
      if (branch.kind !== writer.kind) continue
      if (!('name' in writer) || !('name' in branch)) return branch
      if (this.#aliases.typeName(writer) === branch.name) return branch
      if (writer.kind !== 'record' || branch.kind !== 'record' || !this.#hasNoProblem(writer, branch)) continue
      if (alike === undefined || this.#aliases.shortName(writer) === shortName(branch.name)) alike = branch
    }
    return alike ?? reader.branches.find((branch) => promotion(writer.kind, branch.kind, 'auto') !== undefined)
  }

  /** Whether a record can be read as another, down to the types of its fields. */
  #hasNoProblem(writer: RecordType, reader: RecordType): boolean {
    const verdicts = this.#verdicts.get(writer) ?? new Map<RecordType, boolean>()
    const before = verdicts.get(reader)
    if (before !== undefined) return before
    this.#verdicts.set(writer, verdicts.set(reader, true))
    const written = new Map(writer.fields.map((field) => [this.#aliases.fieldName(writer, field.name), field]))
    const isFine = reader.fields.every((field) => {
      const source = written.get(field.name)
      return source === undefined ? field.default !== undefined : this.#problem(source.type, field.type) === undefined
    })
    verdicts.set(reader, isFine)
    return isFine
  }

  #enum(writer: EnumType, reader: EnumType): Decode {
    const known = new Set(reader.symbols)
    const symbols = writer.symbols.map((symbol) => (known.has(symbol) ? symbol : reader.default))
    return (input) => {
      const index = input.index(symbols.length, 'symbol')
      const symbol = symbols[index]
      if (symbol === undefined) throw new Misfit(`${reader.name} has no symbol ${writer.symbols[index]} and no default`)
      return symbol
    }
  }

  #record(writer: RecordType, reader: RecordType): Decode {
    const known = this.#records.get(writer) ?? new Map<RecordType, Decode>()
    this.#records.set(writer, known)
    const compiled = known.get(reader)
    if (compiled !== undefined) return compiled
    const missing = new Map(reader.fields.map((field) => [field.name, field]))
    const sources = writer.fields.map((field) => {
      const name = this.#aliases.fieldName(writer, field.name)
      const target = missing.get(name)
      missing.delete(name)
      return { source: field.type, target }
    })
    const names = reader.fields.map((field) => field.name)
    const inOrder = [...sources.flatMap(({ target }) => target?.name ?? []), ...missing.keys()]
    const steps: FieldStep[] = []
    const decode = recordDecoder(names, steps, names.join() === inOrder.join())
    // Known before its fields are compiled: they may lead back to it.
    known.set(reader, decode)
    for (const { source, target } of sources) {
      steps.push(
        target === undefined
          ? { name: undefined, decode: compileSkip(source, this.#skips) }
          : { name: target.name, decode: this.compile(source, target.type) },
      )
    }
    for (const { name, type, default: json } of missing.values()) {
      steps.push({ name, decode: defaultDecoder(type, json!, this.#compiler) })
    }
    return decode
  }
}

function failing(reason: string): Decode {
  return () => {
    throw new Misfit(reason)
  }
}

function mismatch(writer: AvroType, reader: AvroType): string {
  return `the writer's ${describe(writer)} cannot be read as ${describe(reader)}`
}

function describe(type: AvroType): string {
  if ('name' in type) return `${type.kind} ${type.name}`
  return type.kind === 'union' ? `union of ${type.branches.map((branch) => describe(branch)).join(', ')}` : type.kind
}

/** What reads values of one primitive type as those of another; undefined when they are not promoted. */
function promotion(writer: string, reader: string, longs: 'auto' | 'bigint' | 'number'): Decode | undefined {
  switch (`${writer}-${reader}`) {
    case 'int-long':
      return longs === 'bigint' ? (input) => BigInt(input.int()) : (input) => input.int()
    case 'int-float':
      return (input) => Math.fround(input.int())
    case 'int-double':
      return (input) => input.int()
    case 'long-float':
      return (input) => toFloat(input.long())
    case 'long-double':
      return (input) => Number(input.long())
    case 'float-double':
      return (input) => input.float()
    case 'string-bytes':
      return (input) => input.byteString()
    case 'bytes-string':
      return (input) => input.string()
    default:
      return undefined
  }
}

/** The nearest float. A bigint is cut to 53 bits first, the last of them set if any was lost, lest it be rounded twice. */
function toFloat(value: number | bigint): number {
  if (typeof value === 'number') return Math.fround(value)
  const kept = value >> 11n
  const isExact = kept << 11n === value
  return Math.fround(Number(isExact ? kept : kept | 1n) * 2048)
}
