export { Admin, AdminError } from './admin/admin.ts'
export type { AdminOptions, NewTopic, PartitionDescription, TopicDescription, TopicListing } from './admin/admin.ts'
export type { ClientOptions } from './client-options.ts'
export type { Assignor, AssignorMember, AssignorTopic, LastAssignment } from './consumer/assignors/assignor.ts'
export type { CommittedOffset, OffsetToCommit } from './consumer/committed-offsets.ts'
export { Consumer } from './consumer/consumer.ts'
export type { CallOptions, GroupMetadata, LoopOptions, OffsetAndTime, TopicPartitionTime } from './consumer/consumer.ts'
export type {
  CommitEvent,
  ConsumerEvent,
  ConsumerEvents,
  ConsumerHooks,
  FetchEvent,
  LagEvent,
  RebalanceEvent,
  StalledEvent,
  WaitsFor,
} from './consumer/hooks.ts'
export type { GroupMembership } from './consumer/membership.ts'
export type { ConsumerMetrics, PartitionMetrics } from './consumer/metrics.ts'
export type { OffsetQuery, OffsetTarget } from './consumer/list-offsets.ts'
export type { AutoOffsetReset, DurationReset } from './consumer/offset-reset.ts'
export type {
  AssignorOption,
  BuiltInAssignor,
  ConsumerCloseOptions,
  ConsumerOptions,
  GroupProtocol,
  IsolationLevel,
  RebalanceListener,
  RemoteAssignor,
  UnreadablePolicy,
  UnreadableRecord,
} from './consumer/options.ts'
export type { ConsumerBatch, ConsumerRecord } from './consumer/record.ts'
export type { HandlingOrder, RunOptions } from './consumer/runner.ts'
export type { TopicPattern, Topics } from './consumer/subscription.ts'
export type { TopicPartition, TopicPartitionOffset } from './consumer/topic-partition.ts'
export {
  AuthenticationError,
  BrokerError,
  ClosedError,
  CompressionError,
  ConfigError,
  ConnectionError,
  DecodeError,
  EncodeError,
  KafkaError,
  LogTruncationError,
  ProducerFencedError,
  RecordError,
  TimeoutError,
  TransactionError,
  UnsupportedVersionError,
} from './errors.ts'
export type { KafkaErrorOptions, TransactionErrorKind, VersionRange } from './errors.ts'
export type { ClientEvents, EventListener } from './events.ts'
export { exactlyOnce } from './exactly-once.ts'
export type { ExactlyOnceOptions } from './exactly-once.ts'
export { Kafka } from './kafka.ts'
export type { PropertiesOptions } from './kafka.ts'
export type { Logger, LogLevel } from './logger.ts'
export type { ConnectionEvent } from './network/hooks.ts'
export type { AwsCredentials } from './network/sasl/aws-msk-iam.ts'
export type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from './network/sasl/mechanism.ts'
export type { OidcOptions } from './network/sasl/oidc.ts'
export type { SaslOptions } from './network/sasl/options.ts'
export type { OAuthToken, TokenFunction } from './network/sasl/token.ts'
export type {
  AddressMapper,
  ConnectOptions,
  DuplexSocket,
  MappedAddress,
  SocketFactory,
  TlsOptions,
  TlsSettings,
  Transport,
  TransportSocket,
} from './network/transport.ts'
export type { BatchEndEvent, BatchEvent, ProduceEvent, ProducerEvents, ProducerHooks } from './producer/hooks.ts'
export type { ProducerMetrics } from './producer/metrics.ts'
export { librdkafkaPartitioner } from './producer/librdkafka-partitioners.ts'
export type { LibrdkafkaPartitionerName } from './producer/librdkafka-partitioners.ts'
export type { ProducerOptions } from './producer/options.ts'
export { defaultPartitioner, murmur2Partition } from './producer/partitioners.ts'
export type { DefaultPartitionerOptions, PartitionContext, Partitioner } from './producer/partitioners.ts'
export { Producer } from './producer/producer.ts'
export type { SendOptions } from './producer/producer.ts'
export type { ProducerRecord, RecordMetadata } from './producer/record.ts'
export { EnqueueError, SendError } from './producer/send-error.ts'
export type { SendOutcome } from './producer/send-error.ts'
export { SentRecords } from './producer/sent-records.ts'
export { Transaction } from './producer/transaction.ts'
export type { TransactionCallOptions, TransactionWriter } from './producer/transaction.ts'
export type { OffsetSource, OffsetToSend, SenderOfOffsets, TransactionOffsets } from './producer/transaction-offsets.ts'
export type { CompressionName } from './protocol/compression/registry.ts'
export type { RecordHeader } from './protocol/records/record.ts'
export { bytes, json, string } from './serdes.ts'
export type { Deserializer, HeadersInput, Serde, SerdeContext, Serializer } from './serdes.ts'
