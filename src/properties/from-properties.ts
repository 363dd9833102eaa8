import type { ClientOptions } from '../client-options.ts'
import type { ConsumerOptions } from '../consumer/options.ts'
import { ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { SaslMechanism } from '../network/sasl/mechanism.ts'
import type { ProducerOptions } from '../producer/options.ts'
import { PROPERTY_NAMES, SATISFIED } from './names.ts'
import { parseProperties } from './parse.ts'
import { PropertySet } from './property-set.ts'
import { type SaslSources, saslOf } from './sasl.ts'
import { tlsOf } from './tls.ts'
import { asInteger } from './values.ts'

/** What belongs to a text of properties but cannot be in it. */
export type PropertiesContext = SaslSources

/** Options of a client as a text of properties gives them: only what it names. */
export interface ClientProperties extends Partial<Omit<ClientOptions, 'sasl' | 'transport'>> {
  /** Holds its credentials where neither `inspect` nor `JSON.stringify` finds them. */
  sasl?: SaslMechanism | undefined
}

/** Options that a text of properties gives, for each thing that takes options. */
export interface OptionsFromProperties {
  client: ClientProperties
  producer: Partial<Omit<ProducerOptions<unknown, unknown>, 'key' | 'value' | 'partitioner'>>
  consumer: Partial<Omit<ConsumerOptions<unknown, unknown>, 'key' | 'value'>>
  /**
   * Names that were of no use: those that kafkawire does not know, and those without effect here, such as ssl.* where
   * security.protocol is PLAINTEXT.
   */
  unknown: string[]
}

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

/**
 * Turns properties as Java's clients and librdkafka take them into options: the text of a file, or an object of names and
 * values. Throws ConfigError naming the property that cannot be used.
 */
export function optionsFromProperties(
  given: string | Readonly<Record<string, string | number | boolean>>,
  context: PropertiesContext = {},
): OptionsFromProperties {
  const entries =
    typeof given === 'string'
      ? parseProperties(given)
      : new Map(Object.entries(given).map(([name, value]) => [name, String(value)]))
  const properties = new PropertySet(entries)
  const options = { client: {}, producer: {}, consumer: {} } as Record<
    'client' | 'producer' | 'consumer',
    Record<string, unknown>
  >
  for (const { of, option, names, conversion } of PROPERTY_NAMES) {
    const property = properties.find(...names)
    if (property === undefined) continue
    const value = conversion.convert(property.value, property.name)
    if (value !== undefined) options[of][option] = value
  }
  const { client, producer, consumer } = options as unknown as OptionsFromProperties
  const level = compressionLevel(properties, producer.compression)
  if (level !== undefined) producer.compressionLevel = level
  const protocol = protocolOf(properties)
  if (protocol.endsWith('SSL')) client.tls = tlsOf(properties, context.readFile)
  if (protocol.startsWith('SASL')) client.sasl = saslOf(properties, context)
  for (const [name, values] of Object.entries(SATISFIED)) {
    if (values.includes(properties.peek(name) ?? '')) properties.take(name)
  }
  return { client, producer, consumer, unknown: properties.unused() }
}

function protocolOf(properties: PropertySet): string {
  const property = properties.find('security.protocol')
  const protocol = property?.value.toUpperCase() ?? 'PLAINTEXT'
  if (PROTOCOLS.includes(protocol)) return protocol
  throw new ConfigError(
    'security.protocol',
    `security.protocol must be one of ${PROTOCOLS.join(', ')}, not ${inspect(property!.value)}`,
  )
}

/** Java has a level for each codec, of which that of the codec in use counts; librdkafka has one, whose -1 is the codec's own. */
function compressionLevel(properties: PropertySet, codec: string | undefined): number | undefined {
  const levels: Record<string, number | undefined> = {}
  for (const name of ['gzip', 'lz4', 'zstd']) {
    const property = properties.find(`compression.${name}.level`)
    if (property !== undefined) levels[name] = asInteger.convert(property.value, property.name)
  }
  const common = properties.find('compression.level')
  const level = common === undefined ? undefined : asInteger.convert(common.value, common.name)
  if (codec === undefined || codec === 'none') return undefined
  return levels[codec] ?? (level === -1 ? undefined : level)
}
