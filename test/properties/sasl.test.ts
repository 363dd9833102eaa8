import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import type { SaslMechanism } from '../../src/network/sasl/mechanism.ts'
import { optionsFromProperties, type PropertiesContext } from '../../src/properties/from-properties.ts'
import { context, step } from '../network/sasl/exchanges.ts'
import { TokenEndpoint } from '../network/sasl/token-endpoint.ts'

const LOGIN = 'org.apache.kafka.common.security'

/** The mechanism of a text, all of whose names must be of use. */
function sasl(text: string, more: PropertiesContext = {}): SaslMechanism {
  const { client, unknown } = optionsFromProperties(`security.protocol=SASL_PLAINTEXT\n${text}`, more)
  expect(unknown).toEqual([])
  expect(client.tls).toBeUndefined()
  return client.sasl!
}

async function firstMessage(mechanism: SaslMechanism): Promise<string | undefined> {
  return (await step(mechanism.authenticate(context))).response
}

/** Header and claims of a token, without looking at its signature. */
function tokenParts(token: string): [header: unknown, claims: Record<string, unknown>] {
  const [header, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  return [JSON.parse(header!), JSON.parse(claims!) as Record<string, unknown>]
}

describe('passwords by properties', () => {
  test.each([
    `sasl.mechanism=PLAIN\nsasl.jaas.config=${LOGIN}.plain.PlainLoginModule required username="a" password="p";`,
    'sasl.mechanisms=PLAIN\nsasl.username=a\nsasl.password=p',
    // A file for both kinds of client.
    `sasl.mechanism=PLAIN\nsasl.mechanisms=PLAIN\nsasl.username=x\nsasl.password=y\nsasl.jaas.config=kafkashaded.${LOGIN}.plain.PlainLoginModule required username="a" password="p";`,
  ])('make PLAIN of %j', async (text) => {
    expect(await firstMessage(sasl(text))).toBe('\0a\0p')
  })

  test('make SCRAM, with a delegation token where tokenauth says so', async () => {
    const module = `${LOGIN}.scram.ScramLoginModule required username="id" password="hmac=="`
    const user = sasl(`sasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=${module};`)
    expect([user.name, await firstMessage(user)]).toEqual(['SCRAM-SHA-512', expect.stringMatching(/^n,,n=id,r=[^,]+$/)])
    const token = sasl(`sasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config=${module} tokenauth="true";`)
    expect([token.name, await firstMessage(token)]).toEqual([
      'SCRAM-SHA-256',
      expect.stringMatching(/^n,,n=id,r=[^,]+,tokenauth=true$/),
    ])
  })
})

describe('OAUTHBEARER by properties', () => {
  let endpoint: TokenEndpoint
  beforeEach(async () => {
    endpoint = await TokenEndpoint.start()
  })
  afterEach(() => endpoint.close())

  test.each([
    [
      'Java before 4.1',
      (url: string) => `sasl.mechanism=OAUTHBEARER
sasl.login.callback.handler.class=${LOGIN}.oauthbearer.secured.OAuthBearerLoginCallbackHandler
sasl.oauthbearer.token.endpoint.url=${url}
sasl.jaas.config=${LOGIN}.oauthbearer.OAuthBearerLoginModule required \\
  clientId='me' clientSecret='hunter2' scope='kafka' extension_logicalCluster='lkc-1' extension_identityPoolId='pool-1';`,
    ],
    [
      'Java since 4.1',
      (url: string) => `sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.jwt.retriever.class=${LOGIN}.oauthbearer.ClientCredentialsJwtRetriever
sasl.oauthbearer.token.endpoint.url=${url}
sasl.oauthbearer.client.credentials.client.id=me
sasl.oauthbearer.client.credentials.client.secret=hunter2
sasl.oauthbearer.scope=kafka
sasl.login.connect.timeout.ms=5000
sasl.login.read.timeout.ms=5000
sasl.login.refresh.window.factor=0.9
sasl.login.refresh.buffer.seconds=10
sasl.jaas.config=${LOGIN}.oauthbearer.OAuthBearerLoginModule required extension_logicalCluster='lkc-1' extension_identityPoolId='pool-1';`,
    ],
    [
      'librdkafka',
      (url: string) => `sasl.mechanisms=OAUTHBEARER
sasl.oauthbearer.method=oidc
sasl.oauthbearer.token.endpoint.url=${url}
sasl.oauthbearer.client.id=me
sasl.oauthbearer.client.secret=hunter2
sasl.oauthbearer.scope=kafka
sasl.oauthbearer.extensions=logicalCluster=lkc-1,identityPoolId=pool-1`,
    ],
  ])('asks a token endpoint with an id and a secret: %s', async (_, text) => {
    expect(await firstMessage(sasl(text(endpoint.url)))).toBe(
      'n,,\u0001auth=Bearer token-1\u0001logicalCluster=lkc-1\u0001identityPoolId=pool-1\u0001\u0001',
    )
    const { headers, form } = endpoint.requests[0]!
    expect(headers.authorization).toBe(`Basic ${btoa('me:hunter2')}`)
    expect(form).toEqual({ grant_type: 'client_credentials', scope: 'kafka' })
  })

  test('asks a token endpoint with an assertion that it signs', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const files: Record<string, string> = {
      '/key.pem': privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }) as string,
      '/template.json': JSON.stringify({ header: { kid: 'key-1' }, payload: { role: 'reader' } }),
    }
    const text = `sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=${endpoint.url}
sasl.oauthbearer.client.credentials.client.id=me
sasl.oauthbearer.assertion.algorithm=ES256
sasl.oauthbearer.assertion.private.key.file=/key.pem
sasl.oauthbearer.assertion.private.key.passphrase=x
sasl.oauthbearer.assertion.template.file=/template.json
sasl.oauthbearer.assertion.claim.iss=me
sasl.oauthbearer.assertion.claim.sub=me
sasl.oauthbearer.assertion.claim.aud=https://idp
sasl.oauthbearer.assertion.claim.exp.seconds=120
sasl.oauthbearer.assertion.claim.nbf.seconds=30
sasl.oauthbearer.assertion.claim.jti.include=true`
    const mechanism = sasl(text, { readFile: (path) => files[path]! })
    expect(await firstMessage(mechanism)).toContain('Bearer token-1')
    const { client_assertion: assertion, ...form } = endpoint.requests[0]!.form
    expect(form).toEqual({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_id: 'me',
    })
    const [header, claims] = tokenParts(assertion!)
    expect(header).toEqual({ kid: 'key-1', typ: 'JWT', alg: 'ES256' })
    const { iat, nbf, exp, jti, ...rest } = claims as Record<string, number>
    expect(rest).toEqual({ role: 'reader', iss: 'me', sub: 'me', aud: 'https://idp' })
    expect([iat! - nbf!, exp! - iat!, typeof jti]).toEqual([30, 120, 'string'])
  })

  test.each([
    `sasl.oauthbearer.grant.type=urn:ietf:params:oauth:grant-type:jwt-bearer`,
    `sasl.oauthbearer.jwt.retriever.class=${LOGIN}.oauthbearer.JwtBearerJwtRetriever`,
  ])('asks a token endpoint with an assertion from a file as the grant: %s', async (grant) => {
    const text = `sasl.mechanism=OAUTHBEARER
sasl.oauthbearer.token.endpoint.url=${endpoint.url}
sasl.oauthbearer.assertion.file=/assertion
${grant}`
    await firstMessage(sasl(text, { readFile: () => 'signed.by.others\n' }))
    expect(endpoint.requests[0]!.form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: 'signed.by.others',
    })
  })

  test('reads a token from a file', async () => {
    const text = 'sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=file:///run/my%20token'
    const paths: string[] = []
    const readFile = (path: string): string => {
      paths.push(path)
      return 'abc\n'
    }
    expect(await firstMessage(sasl(text, { readFile }))).toBe('n,,\u0001auth=Bearer abc\u0001\u0001')
    expect(paths).toEqual(['/run/my token'])
  })

  test.each([
    [
      'Java',
      `sasl.jaas.config=${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="alice" unsecuredLoginListClaim_scope="|a|b" unsecuredLoginNumberClaim_level="5" unsecuredLoginLifetimeSeconds="60" unsecuredLoginExtension_traceId="7";`,
      { scope: ['a', 'b'], level: 5 },
    ],
    [
      'librdkafka',
      'enable.sasl.oauthbearer.unsecure.jwt=true\nsasl.oauthbearer.config=principal=alice scope=a,b lifeSeconds=60\nsasl.oauthbearer.extensions=traceId=7',
      { scope: ['a', 'b'] },
    ],
  ])('makes unsecured tokens as %s does', async (_, text, more) => {
    const message = await firstMessage(sasl(`sasl.mechanism=OAUTHBEARER\n${text}`))
    const [, bearer, extension] = message!.split('\u0001')
    expect(extension).toBe('traceId=7')
    const [header, { iat, exp, ...claims }] = tokenParts(bearer!.replace('auth=Bearer ', ''))
    expect(header).toEqual({ alg: 'none' })
    expect(claims).toEqual({ sub: 'alice', ...more })
    expect((exp as number) - (iat as number)).toBeCloseTo(60)
  })
})

describe('other mechanisms by properties', () => {
  const own: SaslMechanism = { name: 'GSSAPI', authenticate: () => ({ next: () => ({ isComplete: true }) }) }

  test('are those that are handed in', () => {
    const krb5 = 'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/x" principal="a@B";'
    expect(sasl(`sasl.mechanism=GSSAPI\nsasl.jaas.config=${krb5}`, { sasl: own })).toBe(own)
    expect(sasl('', { sasl: own })).toBe(own)
  })

  test.each([
    'sasl.mechanism=AWS_MSK_IAM\nsasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;\nsasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler',
    `sasl.mechanism=OAUTHBEARER\nsasl.jaas.config=${LOGIN}.oauthbearer.OAuthBearerLoginModule required;\nsasl.login.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler\nsasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler`,
  ])('sign in to Amazon MSK with keys that are handed in: %j', async (text) => {
    const keys = { accessKeyId: 'AKID', secretAccessKey: 'x' }
    const mechanism = sasl(text, { awsCredentials: async () => keys })
    expect(mechanism.name).toBe('OAUTHBEARER')
    const at = { ...context, host: 'b-1.shop.abc.c2.kafka.eu-west-1.amazonaws.com' }
    expect((await step(mechanism.authenticate(at))).response).toContain(btoa('https://kafka.eu-west-1.'))
    expect(() => sasl(text)).toThrow('give it as awsCredentials')
  })

  test.each([
    ['', 'sasl.mechanism', 'there is no sasl.mechanism, which means GSSAPI'],
    ['sasl.mechanism=GSSAPI', 'sasl.mechanism', 'sasl.mechanism is "GSSAPI": kafkawire has PLAIN, '],
    ['sasl.mechanism=PLAIN', 'sasl.username', 'PLAIN needs sasl.username and sasl.password, or sasl.jaas.config'],
    ['sasl.mechanism=PLAIN\nsasl.username=a', 'sasl.password', 'PLAIN needs sasl.username and sasl.password'],
    [
      `sasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config=x.Y required username="a";`,
      'sasl.jaas.config',
      'SCRAM-SHA-256 needs username and password in sasl.jaas.config',
    ],
    ['sasl.mechanism=PLAIN\nsasl.jaas.config=x.Y required password="hunter2"', 'sasl.jaas.config', 'semicolon'],
    ['sasl.mechanism=OAUTHBEARER', 'sasl.oauthbearer.token.endpoint.url', 'to get tokens from'],
    [
      'sasl.mechanism=OAUTHBEARER\nsasl.login.callback.handler.class=com.example.Mine',
      'sasl.login.callback.handler.class',
      'names Mine, a class of Java that gets tokens: give a mechanism with your own token function as sasl',
    ],
    [
      'sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://idp/\nsasl.oauthbearer.client.id=me',
      'oidc',
      'needs a clientSecret or an assertion',
    ],
    [
      'sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.extensions=hunter2',
      'sasl.oauthbearer.extensions',
      'must be name=value pairs',
    ],
    ['sasl.mechanism=OAUTHBEARER\nsasl.login.refresh.window.factor=x', 'sasl.login.refresh.window.factor', 'a number'],
    [
      'sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://idp/\nsasl.oauthbearer.assertion.private.key.file=/k\nsasl.oauthbearer.assertion.template.file=/t',
      'sasl.oauthbearer.assertion.template.file',
      'files cannot be read here',
    ],
  ])('are refused in %j', (text, option, message) => {
    expect(() => sasl(text)).toThrow(ConfigError)
    expect(() => sasl(text)).toThrow(expect.objectContaining({ option }) as Error)
    expect(() => sasl(text)).toThrow(message)
    expect(() => sasl(text)).not.toThrow('hunter2')
  })
})
