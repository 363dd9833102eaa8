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
  type SchemaReader,
  type SchemaWriter,
} from './format.ts'
export { type WithSchema } from './registry-deserializer.ts'
export { type RegistrySerde, registrySerde } from './registry-serde.ts'
export { type RuleAction, type RuleContext, type RuleExecutor, type Rules } from './rules.ts'
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
