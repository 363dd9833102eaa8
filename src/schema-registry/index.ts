export { avro, type AvroOptions } from './avro/avro.ts'
export { type AvroSchema, type AvroSchemaWithReferences } from './avro/avro-schema.ts'
export { AvroCodec, type AvroCodecOptions, type AvroDecoder, type ParsedSchema } from './avro/codec.ts'
export { type AvroIncompatibility } from './avro/compatibility.ts'
export { type FingerprintAlgorithm } from './avro/fingerprint.ts'
export { type JsonValue } from './avro/json.ts'
export {
  type AvroDuration,
  type LogicalConverter,
  type LogicalTypes,
  type LogicalUse,
  standardLogicalTypes,
} from './avro/logical-types.ts'
export { type AvroValueOptions } from './avro/options.ts'
export { decodeSingleObject, encodeSingleObject } from './avro/single-object.ts'
export {
  type ArrayType,
  type AvroType,
  type EnumType,
  type FixedType,
  type LogicalAnnotation,
  type MapType,
  type NamedType,
  type PrimitiveName,
  type PrimitiveType,
  type RecordField,
  type RecordType,
  type UnionType,
} from './avro/types.ts'
export { UnionValue } from './avro/union-value.ts'
export {
  type Association,
  type AssociationFilter,
  type AssociationRequest,
  type RegistryConfig,
} from './client/configuration.ts'
export {
  type CompatibilityAnswer,
  type CompatibilityLevel,
  type RegistryMode,
  type SubjectVersion,
} from './client/answers.ts'
export {
  type AuthHeaders,
  type BasicAuth,
  type BearerAuth,
  type CloudIdentity,
  type CustomAuth,
  type OAuthAuth,
  type RegistryAuth,
  authFromSasl,
} from './client/auth.ts'
export {
  type DataEncryptionKey,
  type DekAlgorithm,
  type DekQuery,
  DekRegistryApi,
  type KeyEncryptionKey,
} from './client/dek-registry.ts'
export { registryErrorCodes } from './client/error-codes.ts'
export { type SchemaRegistryOptions } from './client/options.ts'
export {
  type Deleted,
  type Formatted,
  type Page,
  RegistryApi,
  type TagChanges,
  type VersionId,
} from './client/registry-api.ts'
export { SchemaRegistryClient } from './client/schema-registry-client.ts'
export { type CallOptions } from './client/transport.ts'
export { SchemaRegistryError, SerializationError } from './errors.ts'
export {
  type FieldTransform,
  type ReferenceRegistrar,
  type RuleField,
  type SchemaFormat,
  type SchemaMigrator,
  type SchemaReader,
  type SchemaWriter,
} from './format.ts'
export { type ValueHooks } from './value-hooks.ts'
export { type JsonIncompatibility } from './json/difference.ts'
export { json, type JsonOptions, type JsonSchema, type JsonSchemaWithReferences } from './json/json-schema.ts'
export {
  type GeneratedMessage,
  type ProtobufFormatOptions,
  type ProtobufMessage,
  type ProtobufSchema,
  type ProtobufSource,
} from './protobuf/options.ts'
export { ProtoError } from './protobuf/proto-error.ts'
export { type GeneratedProtobufOptions, protobuf, type ProtobufOptions } from './protobuf/protobuf.ts'
export { type WithSchema } from './registry-deserializer.ts'
export { type RegistrySerde, registrySerde } from './registry-serde.ts'
export { type CelOptions, celRules } from './rules/cel.ts'
export { type DeadLetterOptions, type DeadLetterProducer, deadLetters } from './rules/dead-letters.ts'
export { type EncryptionOptions, encryptionRules } from './rules/encryption/encryption-rules.ts'
export { type KeyManagementService, type KmsKey, localKms } from './rules/encryption/kms.ts'
export { jsonataRules } from './rules/jsonata.ts'
export {
  type RuleAction,
  type RuleContext,
  type RuleExecutor,
  type RuleMode,
  type RuleOverride,
  type Rules,
} from './rules/rule.ts'
export {
  type RegisteredSchema,
  type ResolvedSchema,
  type Rule,
  type RuleSet,
  type Schema,
  type SchemaMetadata,
  type SchemaReference,
  type SchemaType,
} from './schema.ts'
export { type RegistrySerdeOptions, type SchemaChoice } from './serde-options.ts'
export { type AssociatedSubject, type SubjectContext, type SubjectName, type SubjectStrategy } from './subjects.ts'
export {
  decodeHeader,
  decodePrefix,
  encodeHeader,
  encodePrefix,
  KEY_SCHEMA_ID_HEADER,
  type SchemaFrame,
  VALUE_SCHEMA_ID_HEADER,
} from './wire-format.ts'
