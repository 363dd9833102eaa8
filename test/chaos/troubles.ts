import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../support/kafka/cluster.ts'
import type { Scene } from './produce-under-fault.ts'

/** Kills the leader without a word, and brings it back, so many times in a row. */
export function killLeaders(cluster: Cluster, times: number): (scene: Scene) => Promise<void> {
  return async ({ leader, whole }) => {
    for (let i = 0; i < times; i++) {
      await delay(500)
      const node = cluster.node(await leader())
      await node.kill()
      await delay(2000)
      await node.start()
      await whole()
    }
  }
}

/** Freezes the leader: its sockets stay open and nothing answers. */
export function freezeLeader(cluster: Cluster, frozenMs: number): (scene: Scene) => Promise<void> {
  return async ({ leader, whole }) => {
    await delay(500)
    const node = cluster.node(await leader())
    node.pause()
    try {
      await delay(frozenMs)
    } finally {
      node.resume()
    }
    await whole()
  }
}
