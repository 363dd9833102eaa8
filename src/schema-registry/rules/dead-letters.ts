import type { RecordHeader } from '../../protocol/records/record.ts'
import { SerializationError } from '../errors.ts'
import { stringifyExact } from '../json/exact-json.ts'
import type { RuleAction, RuleContext } from './rule.ts'
import { FAILED_RULE_HEADER } from './run-rules.ts'

/** What sends records, such as a producer of bytes: `kafka.producer()`. */
export interface DeadLetterProducer {
  send(record: {
    topic: string
    key: Uint8Array | null
    value: Uint8Array | null
    headers: readonly RecordHeader[]
  }): Promise<unknown>
}

/** Options of `deadLetters`. */
export interface DeadLetterOptions {
  producer: DeadLetterProducer
  /** Default: what the rule has in its parameter `dlq.topic`. */
  topic?: string | undefined
}

/** Types of rules whose fields are not to be seen (Java: dlq.redact.rule.types). */
const REDACTED_TYPES: ReadonlySet<string> = new Set(['ENCRYPT', 'ENCRYPT_PAYLOAD'])

/**
 * The action DLQ: sends what a rule refused to a topic of its own, and then fails with SerializationError, as in Java. While reading
 * that is the record's own bytes; while writing the value as JSON, without what was to be encrypted. Headers tell the rule, its mode,
 * the subject, the topic and the error. A key is not known where the value fails, and the other way round: it is null.
 */
export function deadLetters({ producer, topic }: DeadLetterOptions): RuleAction {
  return {
    type: 'DLQ',
    run: async (context, _, error) => {
      const { rule, field, headers } = context
      const target = topic ?? rule.params?.['dlq.topic']
      if (target === undefined || target === '') {
        throw new SerializationError(`rule ${rule.name} has no dlq.topic, and deadLetters no topic`, { cause: error })
      }
      const bytes = await bytesOf(context)
      await producer.send({
        topic: target,
        key: field === 'key' ? bytes : null,
        value: field === 'value' ? bytes : null,
        headers: [...headers.filter(({ key }) => !key.startsWith('__rule.')), ...headersOf(context, error)],
      })
      throw new SerializationError(`rule ${rule.name} failed, and the record went to ${target}`, { cause: error })
    },
  }
}

function headersOf({ rule, mode, subject, topic }: RuleContext, error: unknown): RecordHeader[] {
  const encoder = new TextEncoder()
  const header = (key: string, text: string): RecordHeader => ({ key, value: encoder.encode(text) })
  const found = [
    header(FAILED_RULE_HEADER, rule.name),
    header('__rule.mode', mode),
    header('__rule.subject', subject),
    header('__rule.topic', topic),
  ]
  if (error instanceof Error) found.push(header('__rule.exception', error.message))
  return found
}

async function bytesOf(context: RuleContext): Promise<Uint8Array> {
  const { original } = context
  if (original instanceof Uint8Array) return original
  const shown = await redacted(context, original)
  const text = typeof shown === 'string' ? shown : stringifyExact(shown)
  return new TextEncoder().encode(text ?? '')
}

async function redacted({ schema, transformFields }: RuleContext, value: unknown): Promise<unknown> {
  const tags = new Set(
    [...(schema.ruleSet?.domainRules ?? []), ...(schema.ruleSet?.encodingRules ?? [])]
      .filter(({ type }) => REDACTED_TYPES.has(type))
      .flatMap((rule) => rule.tags ?? []),
  )
  if (tags.size === 0 || transformFields === undefined) return value
  return transformFields(value, (field, item) => {
    if (![...field.tags].some((tag) => tags.has(tag))) return item
    return item instanceof Uint8Array ? new TextEncoder().encode('<REDACTED>') : '<REDACTED>'
  })
}
