import { AuthenticationError, ConfigError } from '../../errors.ts'
import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import { encodeBase64Url } from './base64.ts'
import { hash, hmac } from './crypto.ts'
import type { TokenFunction } from './token.ts'

/** Keys of an AWS identity. */
export interface AwsCredentials {
  accessKeyId: string
  secretAccessKey: string
  /** Goes with keys that last for a while only. */
  sessionToken?: string | undefined
}

/** How to sign in to Amazon MSK. */
export interface AwsMskIamOptions {
  /** Called for each connection; the credential providers of the AWS SDK fit and keep what they fetched. */
  credentials: () => AwsCredentials | Promise<AwsCredentials>
  /** Default: taken from the broker's name, such as `b-1.shop.abc.c2.kafka.eu-west-1.amazonaws.com`. */
  region?: string | undefined
  /** Name that AWS logs and that policies may ask for. Default `kafkawire`. */
  userAgent?: string | undefined
}

const SERVICE = 'kafka-cluster'
/** Longest life that MSK accepts. */
const LIFETIME_SECONDS = 900

/**
 * Makes tokens for OAUTHBEARER that Amazon MSK accepts as AWS IAM: the URL of a Connect call, signed with AWS Signature
 * Version 4. Nothing is asked of AWS for that, so that each connection gets its own.
 */
export function awsMskIamToken(options: AwsMskIamOptions): TokenFunction {
  return async ({ host }) => {
    const region = options.region ?? regionOf(host)
    if (region === undefined) {
      throw new ConfigError('region', `no AWS region: ${host} does not name one, so the option region must`)
    }
    const credentials: AwsCredentials | undefined = await options.credentials()
    if (!credentials?.accessKeyId || !credentials.secretAccessKey) {
      throw new AuthenticationError(
        'the credentials function for AWS MSK IAM must return accessKeyId and secretAccessKey',
        'OAUTHBEARER',
      )
    }
    const nowMs = Date.now()
    const url = signedUrl(region, credentials, nowMs)
    const userAgent = encodeQuery(options.userAgent ?? 'kafkawire')
    return {
      value: encodeBase64Url(encodeUtf8(`${url}&User-Agent=${userAgent}`)),
      expiresAtMs: Math.floor(nowMs / 1000) * 1000 + LIFETIME_SECONDS * 1000,
    }
  }
}

/** The region in the name of a broker of MSK, provisioned or serverless. */
function regionOf(host: string): string | undefined {
  return /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/i.exec(host)?.[1]?.toLowerCase()
}

function signedUrl(region: string, credentials: AwsCredentials, nowMs: number): string {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const date = timestamp.slice(0, 8)
  const scope = `${date}/${region}/${SERVICE}/aws4_request`
  const host = `kafka.${region}.amazonaws.com`
  const fields: [name: string, value: string][] = [
    ['Action', `${SERVICE}:Connect`],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${accessKeyId}/${scope}`],
    ['X-Amz-Date', timestamp],
    ['X-Amz-Expires', String(LIFETIME_SECONDS)],
    // The fields are signed in the order of their names, which is the order here.
    ...(sessionToken ? [['X-Amz-Security-Token', sessionToken] satisfies [string, string]] : []),
    ['X-Amz-SignedHeaders', 'host'],
  ]
  const query = fields.map(([name, value]) => `${name}=${encodeQuery(value)}`).join('&')
  const request = ['GET', '/', query, `host:${host}`, '', 'host', hex(hash('sha256', ''))].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', timestamp, scope, hex(hash('sha256', request))].join('\n')
  let key: Uint8Array | string = `AWS4${secretAccessKey}`
  for (const part of [date, region, SERVICE, 'aws4_request']) key = hmac('sha256', key, part)
  return `https://${host}/?${query}&X-Amz-Signature=${hex(hmac('sha256', key, toSign))}`
}

/** Percent-encodes everything but letters, digits and `-._~`. */
function encodeQuery(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
