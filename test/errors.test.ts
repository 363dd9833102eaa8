import { describe, expect, test } from 'vitest'
import {
  AdminError,
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
  RecordError,
  ProducerFencedError,
  SendError,
  TimeoutError,
  TransactionError,
  UnsupportedVersionError,
} from '../src/index.ts'

const cause = new Error('the cause')
const at = { host: 'h', port: 9092 }
const brokerFault = new BrokerError(
  { name: 'NOT_LEADER_OR_FOLLOWER', code: 6, message: 'another broker leads', retriable: true },
  { api: 'Produce', topic: 't', partition: 1 },
  { cause },
)

const cases: [string, string, KafkaError, string][] = [
  ['KafkaError', 'KAFKA_X', new KafkaError('KAFKA_X', 'text', { cause }), 'text'],
  ['ConnectionError', 'KAFKA_CONNECTION', new ConnectionError('lost', at, { cause }), 'lost'],
  [
    'TimeoutError',
    'KAFKA_TIMEOUT',
    new TimeoutError('joining', 5, { cause, hint: 'wait' }),
    'joining did not finish within 5 ms: wait',
  ],
  ['ClosedError', 'KAFKA_CLOSED', new ClosedError('the producer', { cause }), 'the producer is closed'],
  ['AuthenticationError', 'KAFKA_AUTHENTICATION', new AuthenticationError('refused', 'PLAIN', { cause }), 'refused'],
  [
    'DecodeError',
    'KAFKA_DECODE',
    new DecodeError('too short', { offset: 7, path: 'A.b[1]' }, { cause }),
    'cannot decode A.b[1] at byte 7: too short',
  ],
  ['EncodeError', 'KAFKA_ENCODE', new EncodeError('not an int32', 'A.b', { cause }), 'cannot encode A.b: not an int32'],
  [
    'UnsupportedVersionError',
    'KAFKA_UNSUPPORTED_VERSION',
    new UnsupportedVersionError('none in common', { api: 'Fetch' }, { cause }),
    'none in common',
  ],
  [
    'BrokerError',
    'KAFKA_BROKER',
    brokerFault,
    'Produce failed for partition t-1: NOT_LEADER_OR_FOLLOWER (6): another broker leads',
  ],
  [
    'TransactionError',
    'KAFKA_TRANSACTION_ABORTABLE',
    new TransactionError('abortable', 'abort it', 'tx', { cause, retriable: true }),
    'abort it',
  ],
  [
    'ProducerFencedError',
    'KAFKA_PRODUCER_FENCED',
    new ProducerFencedError('tx', { cause }),
    'the producer with transactional id tx was fenced: another one has taken over its id, or its transaction took longer than transactionTimeoutMs',
  ],
  ['CompressionError', 'KAFKA_COMPRESSION', new CompressionError('no lz4', 'lz4', { cause }), 'no lz4'],
  [
    'RecordError',
    'KAFKA_RECORD',
    new RecordError('a record', { topic: 't', partition: 1, offset: 5, nextOffset: 6 }, { cause }),
    'a record at offset 5 of t-1 cannot be read: seek to 6 to go past it',
  ],
  [
    'LogTruncationError',
    'KAFKA_LOG_TRUNCATION',
    new LogTruncationError({ topic: 't', partition: 1, offset: 5, divergentOffset: 3 }, { cause }),
    "the log of t-1 was truncated at offset 3, before offset 5, and autoOffsetReset is 'none': seek to where reading is to go on",
  ],
  ['ConfigError', 'KAFKA_CONFIG', new ConfigError('lingerMs', 'lingerMs is wrong', { cause }), 'lingerMs is wrong'],
]

describe('errors', () => {
  test.each(cases)('%s has code %s, a name and a cause', (name, code, error, message) => {
    expect(error).toBeInstanceOf(KafkaError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(name)
    expect(error.code).toBe(code)
    expect(error.message).toBe(message)
    expect(error.cause).toBe(cause)
    expect(String(error)).toBe(`${name}: ${message}`)
    expect(error.stack).toContain(`${name}: ${message}`)
  })

  test('those of several parts take the first as their cause', () => {
    const send = new SendError([
      { error: brokerFault },
      { metadata: { topic: 't', partition: 0, offset: 1, timestamp: 2 } },
    ])
    expect(send).toMatchObject({ name: 'SendError', code: 'KAFKA_SEND', retriable: true, cause: brokerFault })
    const admin = new AdminError(new Map([['t', brokerFault]]))
    expect(admin).toMatchObject({ name: 'AdminError', code: 'KAFKA_ADMIN', cause: brokerFault })
  })

  test('only connections, time, what the broker says is temporary and some transactions are retriable', () => {
    const retriable = cases.filter(([, , error]) => error.retriable).map(([name]) => name)
    expect(retriable).toEqual(['ConnectionError', 'TimeoutError', 'BrokerError', 'TransactionError'])
  })
})
