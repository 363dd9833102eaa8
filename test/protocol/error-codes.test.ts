import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { brokerError, ERROR, errorCodes, errorOf } from '../../src/protocol/error-codes.ts'

interface JavaError {
  code: number
  name: string
  retriable: boolean
  refreshesMetadata: boolean
}

const javaErrors = JSON.parse(readFileSync(new URL('../vectors/errors.json', import.meta.url), 'utf8')) as JavaError[]

test('every error code of Kafka is known under its name, retried and refreshed where Java does', () => {
  const ours = errorCodes.map(({ code, name, retriable, refreshesMetadata }) => ({
    code,
    name,
    retriable,
    refreshesMetadata,
  }))
  const theirs = javaErrors.map(({ code, name, retriable, refreshesMetadata }) => ({
    code,
    name,
    retriable,
    refreshesMetadata,
  }))
  expect(ours).toEqual(theirs)
  expect(ERROR).toEqual(Object.fromEntries(javaErrors.map(({ name, code }) => [name, code])))
})

test('every message is one line in lower case without a full stop, and says something of its own', () => {
  for (const { message } of errorCodes) expect(message).toMatch(/^[a-z][^\n]*[^.\n]$/)
  expect(new Set(errorCodes.map(({ message }) => message)).size).toBe(errorCodes.length)
})

test('a code is looked up by its number', () => {
  expect(errorOf(16)).toMatchObject({ code: 16, name: 'NOT_COORDINATOR', retriable: true, refreshesMetadata: false })
  expect(errorOf(ERROR.NONE).name).toBe('NONE')
})

test('a code from the future is an unknown server error with its own number', () => {
  expect(errorOf(9999)).toMatchObject({ code: 9999, name: 'UNKNOWN_SERVER_ERROR', retriable: false })
})

test('the error to throw names the API, the place and the code', () => {
  const error = brokerError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, { api: 'Produce', topic: 'orders', partition: 3 })
  expect(error).toMatchObject({
    errorName: 'UNKNOWN_TOPIC_OR_PARTITION',
    errorCode: 3,
    retriable: true,
    topic: 'orders',
    partition: 3,
  })
  expect(error.message).toBe(
    'Produce failed for partition orders-3: UNKNOWN_TOPIC_OR_PARTITION (3): the broker has no such topic or partition, or not any more',
  )
})

test('what the broker itself says takes the place of the general message', () => {
  expect(messageWith('partitions must be positive')).toBe(
    'CreateTopics failed: INVALID_REQUEST (42): partitions must be positive',
  )
  expect(messageWith(null)).toBe(messageWith(undefined))
  expect(messageWith('')).toBe(messageWith(undefined))
})

function messageWith(detail: string | null | undefined): string {
  return brokerError(ERROR.INVALID_REQUEST, { api: 'CreateTopics' }, detail).message
}
