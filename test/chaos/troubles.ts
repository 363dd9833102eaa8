import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../support/kafka/cluster.ts'
import type { CopyScene } from './copy-under-fault.ts'
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

/** Kills one broker after the other without a word and brings each back: leaders and coordinators move under everything that goes on. */
export function killBrokersInTurn(cluster: Cluster, times: number): () => Promise<void> {
  return async () => {
    for (let i = 0; i < times; i++) {
      await delay(4000)
      const node = cluster.nodes[i % cluster.nodes.length]!
      await node.kill()
      await delay(2000)
      await node.start()
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

/** Has every copier die, in turns with and without warning, and start again, so many rounds, spread over the work. */
export function bounceCopiers(rounds: number): (scene: CopyScene) => Promise<void> {
  return async ({ copiers, progress }) => {
    let count = 0
    for (let round = 0; round < rounds; round++) {
      await progress(((round + 0.5) / (rounds + 1)) * 0.9)
      for (const copier of copiers) {
        await copier.stop(count++ % 3 === 2 ? 'SIGTERM' : 'SIGKILL')
        copier.start()
      }
    }
  }
}

/** Takes every broker, or the first few, down, in turns with and without warning, and brings it back, so many rounds, spread over the work. */
export function bounceBrokers(
  cluster: Cluster,
  rounds: number,
  brokerCount: number = cluster.nodes.length,
): (scene: CopyScene) => Promise<void> {
  return async ({ progress, whole }) => {
    let count = 0
    for (let round = 0; round < rounds; round++) {
      for (const [at, node] of cluster.nodes.slice(0, brokerCount).entries()) {
        await progress(((round + (at + 0.5) / brokerCount) / rounds) * 0.9)
        if (count++ % 2 === 0) await node.kill()
        else await node.stop()
        await delay(1000)
        await node.start()
        await whole()
      }
    }
  }
}
