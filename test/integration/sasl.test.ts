import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { authenticate, reauthenticationDelayMs, type SaslSession } from '../../src/network/sasl/authenticate.ts'
import { encodeBase64 } from '../../src/network/sasl/base64.ts'
import { saslMechanism, type SaslOptions } from '../../src/network/sasl/options.ts'
import { unsecuredToken } from '../../src/network/sasl/unsecured-token.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'
import { createDelegationTokenApi } from '../../src/protocol/messages/38-create-delegation-token.ts'
import type { Connection } from '../../src/network/connection.ts'
import { sleep } from '../../src/network/wait.ts'
import { connect } from '../network/connecting.ts'
import { rejection } from '../network/rejection.ts'
import { type Cluster, startCluster } from '../support/kafka/cluster.ts'
import type { Listener } from '../support/kafka/properties.ts'
import { describeWithKafka } from '../support/real-kafka.ts'

describeWithKafka('SASL with a real broker', ['java'], () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster({ security: true })
  })
  afterAll(() => cluster.close())

  function addressOf(listener: Listener): { host: string; port: number } {
    const [host = '', port = ''] = cluster.endpoints(listener).split(':')
    return { host, port: Number(port) }
  }

  function login(connection: Connection, listener: Listener, options: SaslOptions): Promise<SaslSession> {
    return authenticate(saslMechanism(options), connection, { ...addressOf(listener), isReauthentication: false })
  }

  /** Logs in on a connection of its own, and proves by a request that the broker agrees. */
  async function tryLogin(listener: Listener, options: SaslOptions): Promise<SaslSession> {
    const connection = await connect(addressOf(listener))
    try {
      const session = await login(connection, listener, options)
      expect((await connection.request(metadataApi, { topics: [] })).brokers).toHaveLength(1)
      return session
    } finally {
      await connection.close()
    }
  }

  const alice = { username: 'alice', password: 'alice-secret' }

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('%s logs in', async (mechanism) => {
    expect(await tryLogin('SASL_PLAINTEXT', { mechanism, ...alice })).toEqual({ lifetimeMs: undefined })
  })

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s fails with a wrong password and with an unknown user, and says so',
    async (mechanism) => {
      for (const credentials of [
        { ...alice, password: 'wrong-guess' },
        { ...alice, username: 'mallory' },
      ]) {
        const error = (await rejection(tryLogin('SASL_PLAINTEXT', { mechanism, ...credentials }))) as Error
        expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION', mechanism, retriable: false })
        expect(error.message).toMatch(/^broker 127\.0\.0\.1:\d+ refused .*: Authentication failed.*: check username/)
        expect(error.message).not.toContain('wrong-guess')
      }
    },
  )

  test('SCRAM logs in with a delegation token', async () => {
    const connection = await connect(addressOf('SASL_PLAINTEXT'))
    await login(connection, 'SASL_PLAINTEXT', { mechanism: 'SCRAM-SHA-512', ...alice })
    const { errorCode, tokenId, hmac } = await connection.request(createDelegationTokenApi, { maxLifetimeMs: -1n })
    await connection.close()
    expect(errorCode).toBe(0)
    const credentials = { username: tokenId, password: encodeBase64(hmac), tokenAuth: true }
    // The controller made the token; the broker hears of it a moment later.
    await vi.waitFor(() => tryLogin('SASL_PLAINTEXT', { mechanism: 'SCRAM-SHA-256', ...credentials }), 20_000)
    const wrong = { ...credentials, tokenAuth: false }
    expect(await rejection(tryLogin('SASL_PLAINTEXT', { mechanism: 'SCRAM-SHA-256', ...wrong }))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
    })
  })

  test('OAUTHBEARER logs in with an unsecured token, and for as long as that lasts', async () => {
    const token = unsecuredToken({ principal: 'alice', lifetimeMs: 60_000 })
    const { lifetimeMs } = await tryLogin('SASL_PLAINTEXT', { mechanism: 'OAUTHBEARER', token })
    expect(lifetimeMs).toBeGreaterThan(0)
    expect(lifetimeMs).toBeLessThanOrEqual(60_000)
    const stale = unsecuredToken({ principal: 'alice', lifetimeMs: -60_000 })
    expect(await rejection(tryLogin('SASL_PLAINTEXT', { mechanism: 'OAUTHBEARER', token: stale }))).toMatchObject({
      mechanism: 'OAUTHBEARER',
      message: expect.stringMatching(/refused OAUTHBEARER: \{"status":"invalid_token"\}: check the token/) as unknown,
    })
  })

  test('OAUTHBEARER logs in with a token that an OIDC server signed', async () => {
    const tokenEndpointUrl = `${cluster.tokenIssuer!.url}/token`
    const oidc = { tokenEndpointUrl, clientId: 'alice', clientSecret: 'any' }
    await tryLogin('OIDC', { mechanism: 'OAUTHBEARER', oidc, extensions: { traceId: '1' } })
    for (const token of [
      unsecuredToken({ principal: 'alice' }),
      () => cluster.tokenIssuer!.token('alice', { audience: 'another' }),
      () => cluster.tokenIssuer!.token('alice', { lifetimeMs: -120_000 }),
      () => 'opaque',
    ]) {
      expect(await rejection(tryLogin('OIDC', { mechanism: 'OAUTHBEARER', token }))).toMatchObject({
        code: 'KAFKA_AUTHENTICATION',
        message: expect.stringContaining('{"status":"invalid_token"}') as unknown,
      })
    }
  })

  test('a session is renewed on the same connection before it ends, and again', async () => {
    const connection = await connect(addressOf('REAUTH'))
    const options: SaslOptions = { mechanism: 'SCRAM-SHA-256', ...alice }
    let { lifetimeMs } = await login(connection, 'REAUTH', options)
    for (let i = 0; i < 2; i++) {
      expect(lifetimeMs).toBeGreaterThan(0)
      expect(lifetimeMs).toBeLessThanOrEqual(2000)
      await sleep(reauthenticationDelayMs(lifetimeMs!))
      ;({ lifetimeMs } = await login(connection, 'REAUTH', options))
      expect((await connection.request(metadataApi, { topics: [] })).brokers).toHaveLength(1)
    }
    await connection.close()
  })

  test('a mechanism that the listener does not have is answered with those it has', async () => {
    expect(await rejection(tryLogin('OIDC', { mechanism: 'PLAIN', ...alice }))).toMatchObject({
      message: expect.stringMatching(/does not accept PLAIN on this listener: it accepts OAUTHBEARER$/) as unknown,
    })
  })

  test('a listener without SASL is told as such', async () => {
    expect(await rejection(tryLogin('PLAINTEXT', { mechanism: 'PLAIN', ...alice }))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      message: expect.stringContaining('does not expect SASL on this listener') as unknown,
    })
  })
})
