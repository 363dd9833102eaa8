import { array, int16, int32, int64, message, string, struct, uint16, uuid, type Message } from '../schema.ts'

// Values of the control records of the KRaft metadata log. No version precedes them: their first field repeats it.

/** Begins the epoch of a new leader of the metadata quorum (KIP-595). Brokers up to 4.4 write version 0. */
export interface LeaderChangeMessage {
  version: number
  /** Node id of the new leader. */
  leaderId: number
  voters: LeaderChangeVoter[]
  /** Those whose votes made it leader. */
  grantingVoters: LeaderChangeVoter[]
}

export interface LeaderChangeVoter {
  voterId: number
  /** Id of the directory that holds the voter's metadata log (KIP-853). */
  voterDirectoryId: string
}

const leaderChangeVoter = struct<LeaderChangeVoter>({ voterId: int32, voterDirectoryId: uuid.since(1) })

export const leaderChangeMessage: Message<LeaderChangeMessage> = message<LeaderChangeMessage>({
  name: 'LeaderChangeMessage',
  apiKey: null,
  versions: { min: 0, max: 1 },
  flexibleFrom: 0,
  fields: {
    version: int16,
    leaderId: int32,
    voters: array(leaderChangeVoter),
    grantingVoters: array(leaderChangeVoter),
  },
})

/** Opens a snapshot of the metadata log (KIP-630). */
export interface SnapshotHeaderRecord {
  version: number
  /** Milliseconds since the epoch at which the last record that the snapshot covers was appended. */
  lastContainedLogTimestamp: bigint
}

export const snapshotHeaderRecord: Message<SnapshotHeaderRecord> = message<SnapshotHeaderRecord>({
  name: 'SnapshotHeaderRecord',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { version: int16, lastContainedLogTimestamp: int64 },
})

/** Closes a snapshot: one without it was not written to its end (KIP-630). */
export interface SnapshotFooterRecord {
  version: number
}

export const snapshotFooterRecord: Message<SnapshotFooterRecord> = message<SnapshotFooterRecord>({
  name: 'SnapshotFooterRecord',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { version: int16 },
})

/** Sets which version of the raft protocol the quorum speaks (KIP-853). */
export interface KRaftVersionRecord {
  version: number
  /** 0 for a fixed set of voters, 1 for one that can change. */
  kRaftVersion: number
}

export const kRaftVersionRecord: Message<KRaftVersionRecord> = message<KRaftVersionRecord>({
  name: 'KRaftVersionRecord',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { version: int16, kRaftVersion: int16 },
})

/** Sets who votes in the quorum from here on (KIP-853). */
export interface VotersRecord {
  version: number
  voters: Voter[]
}

export interface Voter {
  voterId: number
  /** Id of the directory that holds the voter's metadata log. */
  voterDirectoryId: string
  endpoints: VoterEndpoint[]
  kRaftVersionFeature: VoterVersionRange
}

/** Where the other voters reach it. */
export interface VoterEndpoint {
  name: string
  host: string
  port: number
}

/** The versions of the raft protocol that a voter speaks. */
export interface VoterVersionRange {
  minSupportedVersion: number
  maxSupportedVersion: number
}

const endpoint = struct<VoterEndpoint>({ name: string, host: string, port: uint16 })

const versionRange = struct<VoterVersionRange>({ minSupportedVersion: int16, maxSupportedVersion: int16 })

const voter = struct<Voter>({
  voterId: int32,
  voterDirectoryId: uuid,
  endpoints: array(endpoint),
  kRaftVersionFeature: versionRange,
})

export const votersRecord: Message<VotersRecord> = message<VotersRecord>({
  name: 'VotersRecord',
  apiKey: null,
  versions: { min: 0, max: 0 },
  flexibleFrom: 0,
  fields: { version: int16, voters: array(voter) },
})
