export { ControlFailure, failWith } from './control.ts'
export type { Control, ControlAnswer, ControlCall, ControlHandle, ControlOptions } from './control.ts'
export type { ApiVersionCaps } from './offered-apis.ts'
export type { TestBrokerOptions, TopicOptions } from './options.ts'
export { RequestLog } from './request-log.ts'
export type { ReceivedRequest } from './request-log.ts'
export type { CommittedOffset } from './state/committed-offsets.ts'
export { TestBroker } from './test-broker.ts'
export type { NewRecord, PartitionStats, TransactionStats } from './test-broker.ts'
export { TestNode } from './test-node.ts'
export {
  TestRegistry,
  type TestRegistryAnswer,
  type TestRegistryControl,
  type TestRegistryOptions,
} from './registry/test-registry.ts'
