import { expect, test } from 'vitest'
import {
  requestHeader,
  requestHeaderVersion,
  responseHeader,
  responseHeaderVersion,
} from '../../src/protocol/header.ts'
import { apiVersionsApi } from '../../src/protocol/messages/18-api-versions.ts'
import { metadataApi } from '../../src/protocol/messages/03-metadata.ts'

const header = { requestApiKey: 3, requestApiVersion: 9, correlationId: 7, clientId: 'shop' }

test('the client id keeps its two-byte length in the flexible header', () => {
  const plain = '0003000900000007000473686f70'
  expect(Buffer.from(requestHeader.encode(header, 1)).toString('hex')).toBe(plain)
  expect(Buffer.from(requestHeader.encode(header, 2)).toString('hex')).toBe(`${plain}00`)
  expect(requestHeader.decode(Buffer.from(`${plain}00`, 'hex'), 2)).toEqual(header)
})

test('a client id may be null', () => {
  const bytes = requestHeader.encode({ ...header, clientId: null }, 2)
  expect(Buffer.from(bytes).toString('hex')).toBe('0003000900000007ffff00')
  expect(requestHeader.decode(bytes, 2).clientId).toBeNull()
})

test('a flexible response header ends with tagged fields', () => {
  expect(Buffer.from(responseHeader.encode({ correlationId: 5 }, 0)).toString('hex')).toBe('00000005')
  expect(Buffer.from(responseHeader.encode({ correlationId: 5 }, 1)).toString('hex')).toBe('0000000500')
})

test('headers become flexible with their API', () => {
  expect([8, 9].map((version) => requestHeaderVersion(metadataApi, version))).toEqual([1, 2])
  expect([8, 9].map((version) => responseHeaderVersion(metadataApi, version))).toEqual([0, 1])
})

test('the response header of ApiVersions is never flexible', () => {
  for (let version = 0; version <= 5; version++) expect(responseHeaderVersion(apiVersionsApi, version)).toBe(0)
  expect(requestHeaderVersion(apiVersionsApi, 3)).toBe(2)
})
