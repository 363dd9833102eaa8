import { setTimeout as delay } from 'node:timers/promises'
import type { ConsumerOptions } from '../../src/consumer/options.ts'
import type { Kafka } from '../../src/kafka.ts'
import { Member, type MemberEvents, type MemberPlan } from './etl-member.ts'
import { MemberProcess, type MemberProgram } from './etl-member-process.ts'

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
  /** What members run that are to be killed. */
  readonly program: MemberProgram
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
}

const memberCount = 3
const maxMembers = 5
const pollMs = 50
const restartMs = 500

/** A group that copies a topic while its members come and go. As many of them as are to be killed yet have processes of their own. */
export class Hop {
  readonly #plan: HopPlan
  readonly #members: (Member | MemberProcess)[] = []
  readonly #failed = new AbortController()
  readonly #restarts = new Set<Promise<void>>()
  #instances = 0
  #killsLeft: number
  #joined = 0
  #left = 0
  #killed = 0
  #expired = 0
  #assignments = 0
  #copied = 0

  constructor(plan: HopPlan) {
    this.#plan = plan
    this.#killsLeft = plan.incidents.filter((incident) => incident === 'kill').length
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
    }
  }

  #join(instanceId = `${this.#plan.groupId}-${++this.#instances}`): void {
    const { bootstrapServers, groupId, from, to, sharing, isStatic, program } = this.#plan
    this.#joined++
    const groupInstanceId = isStatic ? instanceId : undefined
    const options = { groupId, ...sharing.options, groupInstanceId, autoCommitIntervalMs: 200 }
    const plan: MemberPlan = { bootstrapServers, from, to, options }
    const events: MemberEvents = {
      onCopied: (count) => {
        this.#copied += count
      },
      onFailure: (error) => {
        // KIP-848 keeps the name of a member that died for as long as a session takes: whoever runs it tries again.
        if ((error as { errorName?: unknown }).errorName === 'UNRELEASED_INSTANCE_ID') {
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
    }
    const isVictim = this.#members.filter((member) => member instanceof MemberProcess).length < this.#killsLeft
    const member = isVictim ? program.start(plan, events) : new Member(plan, events)
    this.#members.push(member)
  }

  async #restart(member: Member | MemberProcess): Promise<void> {
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
      const member = incident === 'kill' ? await this.#kill() : await this.#leave()
      // A static member is back at once, under its own name; the partitions of others go to the rest.
      if (isStatic) this.#join(member.instanceId)
      else if (this.#members.length < 2) this.#join()
    }
  }

  /** Kills the oldest member that can be killed. */
  async #kill(): Promise<MemberProcess> {
    const member = this.#members.find((each) => each instanceof MemberProcess)!
    this.#members.splice(this.#members.indexOf(member), 1)
    this.#killed++
    this.#killsLeft--
    await member.kill()
    return member
  }

  /** Has the oldest member leave, if possible one that nobody is going to kill. */
  async #leave(): Promise<Member | MemberProcess> {
    const member = this.#members.find((each) => each instanceof Member) ?? this.#members[0]!
    this.#members.splice(this.#members.indexOf(member), 1)
    this.#left++
    await member.leave()
    return member
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
