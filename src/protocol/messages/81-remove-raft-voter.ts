import type { Api } from '../api.ts'
import { int16, int32, message, nullable, string, uuid } from '../schema.ts'

/** Takes a controller out of the voters of the metadata quorum (KIP-853). */
export interface RemoveRaftVoterRequest {
  /** Checked against the cluster's own unless it is null. */
  clusterId: string | null
  voterId: number
  /** Id of the directory that holds the voter's metadata log: it has to match as well as `voterId`. */
  voterDirectoryId: string
}

/** Whether the voter was removed. */
export interface RemoveRaftVoterResponse {
  /** Milliseconds for which the broker holds the client back after a quota was exceeded. */
  throttleTimeMs: number
  /**
   * VOTER_NOT_FOUND: no voter has this id and directory; REQUEST_TIMED_OUT: another change is under way, try again;
   * UNSUPPORTED_VERSION: the cluster's kraft.version is 0; INCONSISTENT_CLUSTER_ID; CLUSTER_AUTHORIZATION_FAILED;
   * NOT_LEADER_OR_FOLLOWER: the quorum has another leader.
   */
  errorCode: number
  errorMessage: string | null
}

export const removeRaftVoterApi: Api<RemoveRaftVoterRequest, RemoveRaftVoterResponse> = {
  name: 'RemoveRaftVoter',
  key: 81,
  request: message<RemoveRaftVoterRequest>({
    name: 'RemoveRaftVoterRequest',
    apiKey: 81,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { clusterId: nullable(string), voterId: int32, voterDirectoryId: uuid },
  }),
  response: message<RemoveRaftVoterResponse>({
    name: 'RemoveRaftVoterResponse',
    apiKey: 81,
    versions: { min: 0, max: 0 },
    flexibleFrom: 0,
    fields: { throttleTimeMs: int32, errorCode: int16, errorMessage: nullable(string).ignorable() },
  }),
}
