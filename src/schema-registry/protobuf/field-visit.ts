import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import type { FieldTransform, RuleField } from '../format.ts'
import { type TagsOf, tagPatterns } from '../rules/tag-patterns.ts'
import type { ResolvedSchema } from '../schema.ts'
import { type FieldType, TYPE } from './descriptor.ts'
import type { Runtime } from './runtime.ts'
import { WIRE, WireReader } from './wire.ts'

/** Numbers of the extension `confluent.field_meta`, and of the tags in the message it holds. */
const FIELD_META = 1088
const META_TAGS = 3

/** What rules call the types of fields (Java: RuleContext.Type). */
const RULE_TYPES: ReadonlyMap<number, string> = new Map<FieldType, string>([
  [TYPE.double, 'DOUBLE'],
  [TYPE.float, 'FLOAT'],
  [TYPE.bool, 'BOOLEAN'],
  [TYPE.string, 'STRING'],
  [TYPE.bytes, 'BYTES'],
  ...[TYPE.int32, TYPE.uint32, TYPE.sint32, TYPE.fixed32, TYPE.sfixed32].map((type) => [type, 'INT'] as const),
  ...[TYPE.int64, TYPE.uint64, TYPE.sint64, TYPE.fixed64, TYPE.sfixed64].map((type) => [type, 'LONG'] as const),
])

/** Lets rules at the fields of messages: at the items of lists and maps one by one, and at messages by their own fields. */
export class FieldVisit {
  readonly #runtime: Runtime
  readonly #tagsOf: TagsOf
  readonly #fields = new Map<DescField, RuleField>()

  constructor(runtime: Runtime, { metadata }: ResolvedSchema) {
    this.#runtime = runtime
    this.#tagsOf = tagPatterns(metadata)
  }

  /** A copy of the message with what `transform` gives for its fields. */
  async run(type: DescMessage, message: Message, transform: FieldTransform): Promise<Message> {
    // Defaults of proto2 are in the prototype.
    const copy = Object.assign(Object.create(Object.getPrototypeOf(message) as object) as Message, message)
    const members = copy as unknown as Record<string, unknown>
    const containing = (): unknown => this.#runtime.reflect(type, message)
    for (const field of type.fields) {
      const { localName, oneof } = field
      if (oneof === undefined) {
        if (!Object.hasOwn(members, localName) || members[localName] === undefined) continue
        members[localName] = await this.#field(field, members[localName], transform, containing)
        continue
      }
      const chosen = members[oneof.localName] as { case?: unknown; value?: unknown } | undefined
      if (chosen?.case !== localName) continue
      members[oneof.localName] = {
        case: localName,
        value: await this.#field(field, chosen.value, transform, containing),
      }
    }
    return copy
  }

  async #field(
    field: DescField,
    value: unknown,
    transform: FieldTransform,
    containing: () => unknown,
  ): Promise<unknown> {
    if (field.fieldKind === 'list' && Array.isArray(value)) {
      const items: unknown[] = []
      for (const item of value) items.push(await this.#item(field, item, transform, containing))
      return items
    }
    if (field.fieldKind !== 'map') return this.#item(field, value, transform, containing)
    const entries: [string, unknown][] = []
    for (const [key, item] of Object.entries(value as object)) {
      entries.push([key, await this.#item(field, item, transform, containing)])
    }
    return Object.fromEntries(entries)
  }

  #item(field: DescField, value: unknown, transform: FieldTransform, containing: () => unknown): unknown {
    const { message } = field
    if (message === undefined) return transform(this.#about(field), value, containing)
    const isMessage = typeof value === 'object' && value !== null && '$typeName' in value
    return isMessage ? this.run(message, value as unknown as Message, transform) : value
  }

  #about(field: DescField): RuleField {
    let about = this.#fields.get(field)
    if (about === undefined) {
      const fullName = `${field.parent.typeName}.${field.name}`
      const type = field.enum === undefined ? (RULE_TYPES.get(field.scalar ?? 0) ?? 'RECORD') : 'ENUM'
      about = {
        name: field.name,
        fullName,
        type,
        tags: new Set([...this.#optionTags(field), ...this.#tagsOf(fullName)]),
      }
      this.#fields.set(field, about)
    }
    return about
  }

  /** Tags that stand in the schema as `[(confluent.field_meta).tags = "PII"]`. */
  #optionTags({ proto }: DescField): string[] {
    if (proto.options === undefined) return []
    const tags: string[] = []
    const options = this.#runtime.toBinary(this.#runtime.FieldOptionsSchema, proto.options)
    for (const meta of bytesOf(options, FIELD_META)) {
      for (const tag of bytesOf(meta, META_TAGS)) tags.push(new TextDecoder().decode(tag))
    }
    return tags
  }
}

/** The values of a field of strings, bytes or messages. */
function bytesOf(message: Uint8Array, number: number): Uint8Array[] {
  const values: Uint8Array[] = []
  const reader = new WireReader(message)
  while (!reader.isAtEnd) {
    const { field, wireType } = reader.tag()
    if (field === number && wireType === WIRE.bytes) values.push(reader.bytes())
    else reader.skip(wireType)
  }
  return values
}
