import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AwsMskIamOptions, awsMskIamToken } from '../../../src/network/sasl/aws-msk-iam.ts'
import type { OAuthToken } from '../../../src/network/sasl/token.ts'
import { rejection } from '../rejection.ts'

/** What AWS's own signer for Python (aws-msk-iam-sasl-signer-python 1.0.2 on botocore 1.35.0) made at frozen times. */
const signed = [
  {
    region: 'us-east-1',
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    sessionToken: undefined,
    nowMs: 1_767_323_045_000,
    userAgent: 'kafkawire/0.1.0',
    url: 'https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fkafka-cluster%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=24ebada2ed545858377591fc84af1a1bff3c40c5e8ab0c1fc85eee156cfb42da&User-Agent=kafkawire%2F0.1.0',
    expiresAtMs: 1_767_323_945_000,
  },
  {
    region: 'eu-west-1',
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: 'abc/def+ghi=',
    sessionToken: 'FwoGZXIvYXdzE+a/b==//x y',
    nowMs: 1_767_225_599_000,
    userAgent: 'my-app',
    url: 'https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE%2F20251231%2Feu-west-1%2Fkafka-cluster%2Faws4_request&X-Amz-Date=20251231T235959Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=FwoGZXIvYXdzE%2Ba%2Fb%3D%3D%2F%2Fx%20y&X-Amz-Signature=96c7c68a5ef6eff3e5e1f9c89153463fb8eeb97e4a18668afe7c5dba7a3643c9&User-Agent=my-app',
    expiresAtMs: 1_767_226_499_000,
  },
  {
    region: 'ap-southeast-2',
    accessKeyId: 'AKIA/with+odd',
    secretAccessKey: "s3cr3t!*'()",
    sessionToken: 'tok~en-_.',
    nowMs: 1_709_164_800_000,
    userAgent: 'kafkawire/0.1.0',
    url: 'https://kafka.ap-southeast-2.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2Fwith%2Bodd%2F20240229%2Fap-southeast-2%2Fkafka-cluster%2Faws4_request&X-Amz-Date=20240229T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=tok~en-_.&X-Amz-Signature=9993f24a57cb9327cdd41ce8dd13f84fc6372cfd5794b819d210b0879db72575&User-Agent=kafkawire%2F0.1.0',
    expiresAtMs: 1_709_165_700_000,
  },
]

/** The fields of a token's URL; their order is of no meaning. */
function fieldsOf(url: string): { base: string; fields: string[] } {
  const [base = '', query = ''] = url.split('?')
  return { base, fields: query.split('&').toSorted() }
}

function makeToken(options: AwsMskIamOptions, host = 'b-1.test'): Promise<OAuthToken> {
  return Promise.resolve(awsMskIamToken(options)({ host, signal: new AbortController().signal })) as Promise<OAuthToken>
}

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret' }

describe('AWS MSK IAM', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each(signed)(
    'signs as AWS does in $region at $nowMs',
    async ({ url, nowMs, expiresAtMs, region, userAgent, ...keys }) => {
      vi.setSystemTime(nowMs)
      const token = await makeToken({ region, userAgent, credentials: async () => keys })
      expect(token.value).toMatch(/^[\w-]+$/)
      expect(fieldsOf(Buffer.from(token.value, 'base64url').toString())).toEqual(fieldsOf(url))
      expect(token.expiresAtMs).toBe(expiresAtMs)
    },
  )

  test.each([
    ['b-1.shop.abc123.c2.kafka.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['b-1-public.shop.abc123.c2.kafka.us-gov-east-1.amazonaws.com', 'us-gov-east-1'],
    ['boot-abc.c1.kafka-serverless.us-east-2.amazonaws.com', 'us-east-2'],
    ['b-2.shop.abc123.c2.kafka.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ])('finds the region in %s', async (host, region) => {
    const { value } = await makeToken({ credentials: () => credentials }, host)
    const url = Buffer.from(value, 'base64url').toString()
    expect(url).toContain(`https://kafka.${region}.amazonaws.com/`)
    expect(url).toContain(`%2F${region}%2Fkafka-cluster%2F`)
  })

  test('asks for the region when the host does not tell', async () => {
    expect(await rejection(makeToken({ credentials: () => credentials }, 'localhost'))).toMatchObject({
      code: 'KAFKA_CONFIG',
      message: 'no AWS region: localhost does not name one, so the option region must',
    })
  })

  test('refuses credentials without keys', async () => {
    const without = { accessKeyId: 'AKIDEXAMPLE' } as never
    expect(await rejection(makeToken({ region: 'eu-west-1', credentials: () => without }))).toMatchObject({
      code: 'KAFKA_AUTHENTICATION',
      message: expect.stringContaining('must return accessKeyId and secretAccessKey') as unknown,
    })
  })
})
