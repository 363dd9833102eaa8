import type { RuleSet, SchemaMetadata } from '../schema.ts'
import type { CompatibilityLevel } from './answers.ts'

/** Settings of a subject, or of the registry where it has none. What is left out stays as it is. */
export interface RegistryConfig {
  compatibility?: CompatibilityLevel | undefined
  /** Another name under which the subject is found. */
  alias?: string | undefined
  aliasForDeks?: string | undefined
  normalize?: boolean | undefined
  validateFields?: boolean | undefined
  validateNewSchemas?: boolean | undefined
  validateRules?: boolean | undefined
  compatibilityPolicy?: string | undefined
  /** Property of the metadata whose value parts versions into groups that need not be compatible. */
  compatibilityGroup?: string | undefined
  defaultMetadata?: SchemaMetadata | undefined
  overrideMetadata?: SchemaMetadata | undefined
  defaultRuleSet?: RuleSet | undefined
  overrideRuleSet?: RuleSet | undefined
}

/** The settings in an answer: the level is named differently depending on what was asked. */
export function configOf(answer: Record<string, unknown>): RegistryConfig {
  const { compatibilityLevel, ...rest } = answer
  const config: RegistryConfig = { ...rest }
  if (compatibilityLevel !== undefined) config.compatibility ??= compatibilityLevel as CompatibilityLevel
  return config
}

/** How a subject belongs to a resource, such as a topic. */
export interface Association {
  subject: string
  guid?: string | undefined
  resourceName?: string | undefined
  resourceNamespace?: string | undefined
  resourceId?: string | undefined
  resourceType?: string | undefined
  associationType?: string | undefined
  lifecycle?: 'STRONG' | 'WEAK' | undefined
  frozen?: boolean | undefined
}

/** Which associations are asked for. */
export interface AssociationFilter {
  resourceType?: string | undefined
  associationType?: string | readonly string[] | undefined
  lifecycle?: 'STRONG' | 'WEAK' | undefined
  offset?: number | undefined
  limit?: number | undefined
}

/** What a resource is to be associated with. */
export interface AssociationRequest {
  resourceName?: string | undefined
  resourceNamespace?: string | undefined
  resourceId?: string | undefined
  resourceType?: string | undefined
  associations: readonly Readonly<Record<string, unknown>>[]
}
