import { ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { AwsCredentials } from '../network/sasl/aws-msk-iam.ts'
import type { SaslMechanism } from '../network/sasl/mechanism.ts'
import { SASL_MECHANISMS, saslMechanism } from '../network/sasl/options.ts'
import { type JaasModule, parseJaas } from './jaas.ts'
import { oauthBearerOf } from './oauthbearer.ts'
import type { PropertySet } from './property-set.ts'
import type { ReadFile } from './tls.ts'

/** What a text cannot hold. */
export interface SaslSources {
  /** Reads the files that the text names. */
  readFile?: ReadFile | undefined
  /** Takes the place of what the text says of SASL: for GSSAPI, and for Java's callback handlers. */
  sasl?: SaslMechanism | undefined
  /** Keys for AWS MSK IAM, which Java's module finds by itself. */
  awsCredentials?: (() => AwsCredentials | Promise<AwsCredentials>) | undefined
}

/** Java's class that gets tokens for MSK's OAUTHBEARER. */
const AWS_HANDLER = /\.IAM(?:OAuthBearer(?:Login|Client)|Client)CallbackHandler$/

/** The mechanism of sasl.* settings. Throws ConfigError, which shows no secret. */
export function saslOf(properties: PropertySet, sources: SaslSources): SaslMechanism {
  const mechanism = properties.find('sasl.mechanism', 'sasl.mechanisms')
  const jaasText = properties.take('sasl.jaas.config')
  if (sources.sasl !== undefined) return sources.sasl
  const jaas = jaasText === undefined || jaasText === '' ? undefined : parseJaas(jaasText)
  switch (mechanism?.value) {
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const { username, password, tokenAuth } = credentialsOf(properties, jaas, mechanism.value)
      if (mechanism.value === 'PLAIN') return saslMechanism({ mechanism: 'PLAIN', username, password })
      return saslMechanism({ mechanism: mechanism.value, username, password, tokenAuth })
    }
    case 'OAUTHBEARER': {
      const handler = properties.peek('sasl.login.callback.handler.class') ?? ''
      return AWS_HANDLER.test(handler)
        ? awsOf(properties, sources, jaas)
        : oauthBearerOf(properties, jaas, sources.readFile)
    }
    case 'AWS_MSK_IAM':
      return awsOf(properties, sources, jaas)
    default:
      throw unknownMechanism(mechanism?.value)
  }
}

function credentialsOf(
  properties: PropertySet,
  jaas: JaasModule | undefined,
  mechanism: string,
): { username: string; password: string; tokenAuth: boolean } {
  // Both are taken, so that neither counts as unknown where the other one wins.
  const given = { username: properties.take('sasl.username'), password: properties.take('sasl.password') }
  const username = jaas?.options.get('username') ?? given.username
  const password = jaas?.options.get('password') ?? given.password
  if (!username || !password) {
    const property = jaas === undefined ? (username ? 'sasl.password' : 'sasl.username') : 'sasl.jaas.config'
    const where =
      jaas === undefined
        ? 'sasl.username and sasl.password, or sasl.jaas.config'
        : 'username and password in sasl.jaas.config'
    throw new ConfigError(property, `${mechanism} needs ${where}`)
  }
  return { username, password, tokenAuth: jaas?.options.get('tokenauth')?.toLowerCase() === 'true' }
}

function awsOf(properties: PropertySet, { awsCredentials }: SaslSources, jaas: JaasModule | undefined): SaslMechanism {
  properties.take('sasl.login.callback.handler.class')
  properties.take('sasl.client.callback.handler.class')
  if (awsCredentials === undefined) {
    const profile = jaas?.options.get('awsProfileName')
    const which = profile === undefined ? '' : ` of the profile ${inspect(profile)}`
    throw new ConfigError(
      'sasl.mechanism',
      `AWS MSK IAM needs a function that returns the keys${which}: give it as awsCredentials, such as a credential provider of the AWS SDK`,
    )
  }
  return saslMechanism({ mechanism: 'AWS_MSK_IAM', credentials: awsCredentials })
}

function unknownMechanism(name: string | undefined): ConfigError {
  const what =
    name === undefined || name === ''
      ? 'security.protocol asks for SASL, but there is no sasl.mechanism, which means GSSAPI'
      : `sasl.mechanism is ${inspect(name)}`
  return new ConfigError(
    'sasl.mechanism',
    `${what}: kafkawire has ${SASL_MECHANISMS.join(', ')}; give any other as sasl, an object with name and authenticate`,
  )
}
