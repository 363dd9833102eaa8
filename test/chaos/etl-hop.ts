import { setTimeout as delay } from 'node:timers/promises'
import { BrokerError } from '../../src/errors.ts'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import type { Kafka } from '../../src/kafka.ts'
import { Member } from './etl-member.ts'

/** How the members of one group share partitions. */
export interface Sharing {
  readonly name: string
  readonly options: Pick<
    ConsumerOptions,
    'assignors' | 'groupProtocol' | 'groupRemoteAssignor' | 'sessionTimeoutMs' | 'heartbeatIntervalMs'
  >
}

/** What happens to a group's members, in turns, while records go through. */
export type Incident = 'join' | 'leave' | 'kill'

/** One hop of the chain. */
export interface HopPlan {
  readonly kafka: Kafka
  readonly bootstrapServers: string
  readonly groupId: string
  readonly from: string
  readonly to: string
  readonly partitions: number
  readonly sharing: Sharing
  readonly isStatic: boolean
  readonly incidents: readonly Incident[]
  /** Records between two incidents. */
  readonly interval: number
}

/** What a hop went through. */
export interface HopResult {
  readonly joined: number
  readonly left: number
  readonly killed: number
  /** How often the group gave a member up that was there: one that this machine kept waiting for longer than a session. */
  readonly expired: number
  /** How often a member was given partitions. */
  readonly assignments: number
  /** Records that were copied, repeats included. */
  readonly copied: number
}

const memberCount = 3
const maxMembers = 5
const pollMs = 50
const restartMs = 500

/** A group that copies a topic while its members come and go. */
export class Hop {
  readonly #plan: HopPlan
  readonly #members: Member[] = []
  readonly #failed = new AbortController()
  readonly #restarts = new Set<Promise<void>>()
  #instances = 0
  #joined = 0
  #left = 0
  #killed = 0
  #expired = 0
  #assignments = 0
  #copied = 0

  constructor(plan: HopPlan) {
    this.#plan = plan
  }

  /** Runs until `isFed` is true, so that no more is going to come, and everything was copied and committed. */
  async run(isFed: () => boolean): Promise<HopResult> {
    for (let i = 0; i < memberCount; i++) this.#join()
    const incidents = this.#makeTrouble()
    try {
      while (!isFed() || !(await this.#isDone())) {
        this.#failed.signal.throwIfAborted()
        await delay(pollMs)
      }
    } finally {
      // The rest of the trouble is not worth waiting for once all records are through.
      this.#failed.abort(new Error('the hop is over'))
      await incidents
      await Promise.all(this.#restarts)
      await Promise.all(this.#members.map((member) => member.leave()))
    }
    return {
      joined: this.#joined,
      left: this.#left,
      killed: this.#killed,
      expired: this.#expired,
      assignments: this.#assignments,
      copied: this.#copied,
    }
  }

  #join(instanceId = `${this.#plan.groupId}-${++this.#instances}`): void {
    const { bootstrapServers, groupId, from, to, sharing, isStatic } = this.#plan
    this.#joined++
    const member = new Member({
      bootstrapServers,
      from,
      to,
      options: {
        groupId,
        ...sharing.options,
        groupInstanceId: isStatic ? instanceId : undefined,
        autoCommitIntervalMs: 200,
      },
      onCopied: (count) => {
        this.#copied += count
      },
      onFailure: (error) => {
        // KIP-848 keeps the name of a member that died for as long as a session takes: whoever runs it tries again.
        if (error instanceof BrokerError && error.errorName === 'UNRELEASED_INSTANCE_ID') {
          this.#restarts.add(this.#restart(member))
        } else {
          this.#failed.abort(error)
        }
      },
      onAssigned: () => {
        this.#assignments++
      },
      onLost: () => {
        this.#expired++
      },
    })
    this.#members.push(member)
  }

  async #restart(member: Member): Promise<void> {
    await member.leave()
    await delay(restartMs)
    const index = this.#members.indexOf(member)
    if (index < 0 || this.#failed.signal.aborted) return
    this.#members.splice(index, 1)
    this.#join(member.instanceId)
  }

  async #makeTrouble(): Promise<void> {
    const { incidents, interval, isStatic } = this.#plan
    for (const [index, incident] of incidents.entries()) {
      while (this.#copied < (index + 1) * interval) {
        if (this.#failed.signal.aborted) return
        await delay(pollMs)
      }
      if (incident === 'join' && this.#members.length < maxMembers) {
        this.#join()
        continue
      }
      const member = this.#members.shift()!
      if (incident === 'kill') {
        this.#killed++
        await member.kill()
      } else {
        this.#left++
        await member.leave()
      }
      // A static member is back at once, under its own name; the partitions of others go to the rest.
      if (isStatic) this.#join(member.instanceId)
      else if (this.#members.length < 2) this.#join()
    }
  }

  /** Whether the group has committed the end of every partition. */
  async #isDone(): Promise<boolean> {
    const { kafka, groupId, from, partitions } = this.#plan
    const observer = kafka.consumer({ groupId, autoCommit: false })
    try {
      const all = Array.from({ length: partitions }, (_, partition) => ({ topic: from, partition }))
      const [committed, ends] = await Promise.all([observer.committed(all), observer.endOffsets(all)])
      return ends.every(({ offset }, index) => offset === (committed[index]?.offset ?? 0))
    } finally {
      await observer.close()
    }
  }
}
