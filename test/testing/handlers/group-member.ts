import type { OffsetCommitRequest } from '../../../src/protocol/messages/08-offset-commit.ts'
import {
  joinGroupApi,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../../src/protocol/messages/11-join-group.ts'
import { heartbeatApi } from '../../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupApi } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupApi, type SyncGroupResponse } from '../../../src/protocol/messages/14-sync-group.ts'
import type { Encodable } from '../../../src/protocol/schema.ts'
import type { TestBroker } from '../../../src/testing/index.ts'
import { connectTo } from '../harness.ts'
import type { RawClient } from '../raw-client.ts'

/** A member of group g that does nothing by itself: every request of it is made by the test. */
export class Member {
  readonly client: RawClient
  readonly #options: Encodable<JoinGroupRequest>
  memberId = ''
  generationId = -1

  private constructor(client: RawClient, options: Encodable<JoinGroupRequest>) {
    this.client = client
    this.#options = options
  }

  static async connect(broker: TestBroker, options: Encodable<JoinGroupRequest> = {}, nodeId = 1): Promise<Member> {
    return new Member(await connectTo(broker, nodeId), options)
  }

  /** Joins by version 9, once more when it is given an id first. */
  async join(change: Encodable<JoinGroupRequest> = {}): Promise<JoinGroupResponse> {
    const given = await this.tryJoin(change)
    return given.errorCode === 79 ? this.tryJoin(change) : given
  }

  /** Sends one JoinGroup request and takes over what it brings. */
  async tryJoin(change: Encodable<JoinGroupRequest> = {}, version = 9): Promise<JoinGroupResponse> {
    const response = await this.client.send(joinGroupApi, version, {
      groupId: 'g',
      sessionTimeoutMs: 600_000,
      rebalanceTimeoutMs: 600_000,
      memberId: this.memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Uint8Array.of(1) }],
      ...this.#options,
      ...change,
    })
    if (response.errorCode === 0 || response.errorCode === 79) this.memberId = response.memberId
    if (response.errorCode === 0) this.generationId = response.generationId
    return response
  }

  /** Syncs by version 4, as the leader with one byte for each member: its place in `order`. */
  sync(order: readonly Member[] = []): Promise<SyncGroupResponse> {
    return this.client.send(syncGroupApi, 4, {
      ...this.#identity(),
      assignments: order.map(({ memberId }, i) => ({ memberId, assignment: Uint8Array.of(i) })),
    })
  }

  /** Joins and syncs as the only member. */
  async settle(): Promise<void> {
    await this.join()
    await this.sync([this])
  }

  /** Returns the error code. */
  async heartbeat(): Promise<number> {
    return (await this.client.send(heartbeatApi, 4, this.#identity())).errorCode
  }

  async leave(): Promise<void> {
    await this.client.send(leaveGroupApi, 5, { groupId: 'g', members: [{ memberId: this.memberId }] })
  }

  /** An OffsetCommit request for partition 0 of topic t. */
  commitOf(offset: number): Encodable<OffsetCommitRequest> {
    const { generationId, ...identity } = this.#identity()
    const partitions = [{ partitionIndex: 0, committedOffset: BigInt(offset), committedMetadata: '' }]
    return { ...identity, generationIdOrMemberEpoch: generationId, topics: [{ name: 't', partitions }] }
  }

  #identity(): { groupId: string; generationId: number; memberId: string; groupInstanceId: string | null } {
    const { memberId, generationId } = this
    return { groupId: 'g', generationId, memberId, groupInstanceId: this.#options.groupInstanceId ?? null }
  }
}
