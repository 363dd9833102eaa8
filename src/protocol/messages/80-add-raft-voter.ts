import type { Api } from '../api.ts'
import { array, boolean, int16, int32, message, nullable, string, struct, uint16, uuid } from '../schema.ts'

/** Makes a controller that so far only follows the metadata log a voter of the quorum (KIP-853). */
export interface AddRaftVoterRequest {
  /** Checked against the cluster's own unless it is null. */
  clusterId: string | null
  /** Milliseconds that the leader may take, chiefly for the newcomer to catch up. */
  timeoutMs: number
  voterId: number
  /** Id of the directory that holds the voter's metadata log: tells apart a voter from one whose disk was lost. */
  voterDirectoryId: string
  listeners: AddRaftVoterListener[]
  /**
   * Whether to wait until the new set of voters is committed, rather than only appended to the leader's log (KIP-1186).
   * Default true.
   */
  ackWhenCommitted: boolean
}

/** Where the other voters reach it. */
export interface AddRaftVoterListener {
  name: string
  host: string
  port: number
}

/** Whether the voter was added. */
export interface AddRaftVoterResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * DUPLICATE_VOTER: its id votes already; REQUEST_TIMED_OUT: another change is under way, or the newcomer is
   * unreachable or too far behind, try again; UNSUPPORTED_VERSION: the cluster's kraft.version is 0; INVALID_REQUEST;
   * INCONSISTENT_CLUSTER_ID; CLUSTER_AUTHORIZATION_FAILED; NOT_LEADER_OR_FOLLOWER: the quorum has another leader.
   */
  errorCode: number
  errorMessage: string | null
}

const listener = struct<AddRaftVoterListener>({ name: string, host: string, port: uint16 })

export const addRaftVoterApi: Api<AddRaftVoterRequest, AddRaftVoterResponse> = {
  name: 'AddRaftVoter',
  key: 80,
  request: message<AddRaftVoterRequest>({
    name: 'AddRaftVoterRequest',
    apiKey: 80,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: {
      clusterId: nullable(string),
      timeoutMs: int32,
      voterId: int32,
      voterDirectoryId: uuid,
      listeners: array(listener),
      ackWhenCommitted: boolean.since(1).default(true),
    },
  }),
  response: message<AddRaftVoterResponse>({
    name: 'AddRaftVoterResponse',
    apiKey: 80,
    versions: { min: 0, max: 1 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16, errorMessage: nullable(string).ignorable() },
  }),
}
