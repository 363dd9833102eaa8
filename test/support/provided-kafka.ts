/** The real broker that the integration tests share. */
export interface RealKafka {
  /** host:port, without TLS or SASL. */
  bootstrapServers: string
  source: 'KAFKA_BOOTSTRAP' | 'docker' | 'process'
}

/** What the global set-up hands to the tests: the broker, or why there is none. */
export type ProvidedKafka = RealKafka | { unavailable: string }

declare module 'vitest' {
  interface ProvidedContext {
    kafka: ProvidedKafka
  }
}

/** Whether a missing broker or tool is a failure rather than a skip: under CI, or with REQUIRE_KAFKA set. */
export function isKafkaRequired(): boolean {
  return Boolean(process.env['REQUIRE_KAFKA'] ?? process.env['CI'])
}
