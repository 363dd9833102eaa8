import { existsSync } from 'node:fs'
import { request } from 'node:http'
import type { StartedTestContainer } from 'testcontainers'
import { freePorts } from './ports.ts'

const image = 'apache/kafka:4.3.1'
const pingTimeoutMs = 2_000

export interface KafkaContainer {
  bootstrapServers: string
  close: () => Promise<void>
}

/**
 * Whether a Docker engine really answers on its local socket. The presence of the `docker` command says nothing, and
 * the client library's own search for an engine is not bounded in time.
 */
export async function isDockerRunning(): Promise<boolean> {
  const host = process.env['DOCKER_HOST']
  const socketPath = host === undefined || host === '' ? '/var/run/docker.sock' : host.replace(/^unix:\/\//, '')
  if (!existsSync(socketPath)) return false
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: pingTimeoutMs }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ping.on('timeout', () => ping.destroy())
    ping.on('error', () => resolve(false))
    ping.end()
  })
}

/** Starts one broker in a container, on a free port of this machine. */
export async function startContainer(): Promise<KafkaContainer> {
  const { GenericContainer, Wait } = await import('testcontainers')
  // The broker tells clients its address, so the port must be known before the container starts.
  const [port] = await freePorts(1)
  const container: StartedTestContainer = await new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port! })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(120_000)
    .start()
  return {
    bootstrapServers: `localhost:${port}`,
    close: async () => {
      await container.stop()
    },
  }
}
