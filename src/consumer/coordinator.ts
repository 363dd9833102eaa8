import { ConnectionError, TimeoutError } from '../errors.ts'
import type { Purpose } from '../network/broker.ts'
import type { Cluster } from '../network/cluster.ts'
import type { BodyOf, RequestOptions } from '../network/exchange.ts'
import type { Deadline } from '../network/wait.ts'
import type { Api } from '../protocol/api.ts'
import { brokerError, ERROR } from '../protocol/error-codes.ts'

/** How a request is sent to the coordinator. */
export interface CoordinatorRequestOptions extends RequestOptions {
  /** Longest wait for who the coordinator is, where that is not known. Default: the deadline's. */
  lookUpTimeoutMs?: number | undefined
}

/**
 * For a member that leaves: Java does not leave at all while it does not know the coordinator, and when all brokers are gone it is
 * not worth waiting for either.
 */
export const LEAVING: CoordinatorRequestOptions = { lookUpTimeoutMs: 1000 }

/** The coordinator of one group, looked up again whenever it turns out to be another broker. */
export class GroupCoordinator {
  readonly groupId: string
  readonly #cluster: Cluster

  constructor(cluster: Cluster, groupId: string) {
    this.#cluster = cluster
    this.groupId = groupId
  }

  /** One attempt to ask the coordinator. After a lost connection the next attempt looks it up again. */
  async request<Request extends object, Response extends object>(
    purpose: Purpose,
    api: Api<Request, Response>,
    body: BodyOf<NoInfer<Request>>,
    deadline: Deadline,
    { lookUpTimeoutMs = Infinity, ...options }: CoordinatorRequestOptions = {},
  ): Promise<Response> {
    const { signal, remainingMs } = deadline
    const timeoutMs = Math.min(remainingMs, lookUpTimeoutMs)
    const broker = await this.#cluster.coordinator('group', this.groupId, { timeoutMs, signal })
    try {
      return await broker.request(purpose, api, body, { ...options, signal })
    } catch (error) {
      if (error instanceof ConnectionError || error instanceof TimeoutError) this.forget()
      throw error
    }
  }

  /** Throws the error that a response carries, if any. A coordinator that says it is none is forgotten. */
  check(api: string, code: number, about: { topic?: string; partition?: number } = {}, detail?: string): void {
    if (code === ERROR.NONE) return
    const isElsewhere =
      code === ERROR.NOT_COORDINATOR || code === ERROR.COORDINATOR_NOT_AVAILABLE || code === ERROR.REQUEST_TIMED_OUT
    if (isElsewhere) this.forget()
    throw brokerError(code, { api, ...about }, detail)
  }

  /** The next request looks the coordinator up again. */
  forget(): void {
    this.#cluster.forgetCoordinator('group', this.groupId)
  }
}
