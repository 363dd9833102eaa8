import { connect } from 'node:net'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startCluster } from '../support/kafka/cluster.ts'
import { describeWithKafka } from '../support/real-kafka.ts'

describeWithKafka('a started cluster', ['java'], () => {
  test('keeps serving after one of its three brokers is killed, and leaves nothing behind when closed', async () => {
    const cluster = await startCluster({ brokers: 3 })
    try {
      await cluster.node(1).kill()
      expect(cluster.nodes.map((node) => node.isRunning)).toEqual([false, true, true])
      const socket = connect(cluster.node(2).port!, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
      await cluster.node(1).start()
      expect(cluster.node(1).isRunning).toBe(true)
    } finally {
      await cluster.close()
    }
    expect(cluster.nodes.map((node) => node.isRunning)).toEqual([false, false, false])
    expect(existsSync(cluster.node(1).folder)).toBe(false)
  })

  test('opens TLS and SASL listeners when asked for security', async () => {
    const cluster = await startCluster({ security: true })
    try {
      expect(cluster.endpoints('SASL_SSL')).toMatch(/^localhost:\d+$/)
      expect(existsSync(`${cluster.certificates}/client.enc.p8`)).toBe(true)
    } finally {
      await cluster.close()
    }
  })
})
