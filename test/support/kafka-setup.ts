import type { TestProject } from 'vitest/node'
import { ensureClassData, KafkaUnavailableError, startCluster } from './kafka/cluster.ts'
import { isDockerRunning, startContainer } from './kafka/docker.ts'
import { isKafkaRequired, type ProvidedKafka } from './provided-kafka.ts'

/**
 * Global set-up of the integration tests: finds or starts the one Kafka broker that they share, and returns what stops
 * it again. Vitest calls it only when an integration test is selected.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bootstrapServers = process.env['KAFKA_BOOTSTRAP']
  if (bootstrapServers !== undefined && bootstrapServers !== '') {
    project.provide('kafka', { bootstrapServers, source: 'KAFKA_BOOTSTRAP' })
    return async () => {}
  }
  const broker = (await startInDocker()) ?? (await startAsProcess())
  project.provide('kafka', broker.kafka)
  return broker.close
}

interface StartedBroker {
  kafka: ProvidedKafka
  close: () => Promise<void>
}

async function startInDocker(): Promise<StartedBroker | undefined> {
  if (!(await isDockerRunning())) return undefined
  try {
    const { bootstrapServers, close } = await startContainer()
    return { kafka: { bootstrapServers, source: 'docker' }, close }
  } catch (error) {
    process.stderr.write(`Kafka did not start in Docker, a broker process is tried instead: ${String(error)}\n`)
    return undefined
  }
}

async function startAsProcess(): Promise<StartedBroker> {
  try {
    await ensureClassData()
    const cluster = await startCluster()
    return { kafka: { bootstrapServers: cluster.bootstrapServers, source: 'process' }, close: () => cluster.close() }
  } catch (error) {
    if (!(error instanceof KafkaUnavailableError) || isKafkaRequired()) throw error
    process.stderr.write(
      `\n*** NO KAFKA: the integration tests are skipped, because ${error.message}.\n` +
        '*** Set KAFKA_BOOTSTRAP=host:port, start Docker, or install Java 17.\n\n',
    )
    return { kafka: { unavailable: error.message }, close: async () => {} }
  }
}
