import { expect, test } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import { PlainMechanism } from '../../../src/network/sasl/plain.ts'
import { rejection } from '../rejection.ts'
import { step } from './exchanges.ts'

test('PLAIN is one message of user and password behind NULs', async () => {
  const exchange = new PlainMechanism({ username: 'alice', password: 'grüße, 日本' }).authenticate()
  expect(await step(exchange)).toEqual({ response: '\0alice\0grüße, 日本', isComplete: true })
})

test('PLAIN asks a password function for each exchange, so that passwords can be rotated', async () => {
  let count = 0
  const mechanism = new PlainMechanism({ username: 'alice', password: async () => `secret-${++count}` })
  expect(await step(mechanism.authenticate())).toMatchObject({ response: '\0alice\0secret-1' })
  expect(await step(mechanism.authenticate())).toMatchObject({ response: '\0alice\0secret-2' })
})

test('PLAIN refuses what its message cannot carry', async () => {
  expect(() => new PlainMechanism({ username: 'al\0ice', password: 'x' })).toThrow(ConfigError)
  const exchange = new PlainMechanism({ username: 'alice', password: () => 'sec\0ret' }).authenticate()
  expect(await rejection(step(exchange))).toMatchObject({ code: 'KAFKA_AUTHENTICATION', mechanism: 'PLAIN' })
  const empty = new PlainMechanism({ username: 'alice', password: () => undefined as never }).authenticate()
  expect(await rejection(step(empty))).toMatchObject({
    message: 'the function that fetches the password for PLAIN returned no text',
  })
})
