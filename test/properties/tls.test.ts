import { X509Certificate, createPrivateKey } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { clientSettings } from '../../src/client-options.ts'
import { ConfigError } from '../../src/errors.ts'
import type { TlsOptions } from '../../src/network/transport.ts'
import { optionsFromProperties } from '../../src/properties/from-properties.ts'
import { block, certificate, encryptedKey, key } from './pem.ts'

const files: Record<string, string | Uint8Array> = {
  '/ca.pem': certificate,
  '/client.pem': `Bag Attributes\n${key}\nsubject=x\n${certificate}${certificate}`,
  '/cert.pem': certificate,
  '/key.pem': encryptedKey,
  '/bytes.pem': new TextEncoder().encode(certificate),
  '/store': Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2),
}

function readFile(path: string): string | Uint8Array {
  const content = files[path]
  if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  return content
}

function tls(text: string): boolean | TlsOptions | undefined {
  const { client, unknown } = optionsFromProperties(`security.protocol=ssl\n${text}`, { readFile })
  expect(unknown).toEqual([])
  return client.tls
}

/** PEM in one line. */
function folded(pem: string): string {
  return pem.trim().replaceAll('\n', ' ')
}

describe('TLS by properties', () => {
  test('is the default of the runtime when nothing more is said', () => {
    expect(tls('')).toBe(true)
    expect(tls('ssl.endpoint.identification.algorithm=https\nenable.ssl.certificate.verification=true')).toBe(true)
    expect(tls('ssl.ca.location=probe\nssl.truststore.location=\nssl.keystore.location=')).toBe(true)
    expect(tls('ssl.enabled.protocols=TLSv1.2,TLSv1.3\nssl.protocol=TLSv1.3')).toBe(true)
  })

  test('names the files of librdkafka', () => {
    const text = `ssl.ca.location=/ca.pem
ssl.certificate.location=/cert.pem
ssl.key.location=/key.pem
ssl.key.password=secret`
    const { passphrase, ...rest } = tls(text) as TlsOptions
    expect(rest).toEqual({ caFile: '/ca.pem', certFile: '/cert.pem', keyFile: '/key.pem' })
    expect((passphrase as () => string)()).toBe('secret')
    expect(tls('ssl.ca.location=/bytes.pem')).toEqual({ caFile: '/bytes.pem' })
  })

  test('names PEM stores of Java, whose type may go unsaid', () => {
    const text = `ssl.truststore.type=PEM
ssl.truststore.location=/ca.pem
ssl.keystore.location=/client.pem
ssl.keystore.password=unused`
    expect(tls(text)).toEqual({ caFile: '/ca.pem', keyFile: '/client.pem', certFile: '/client.pem' })
  })

  test('takes files unseen where it cannot read them', () => {
    const { client } = optionsFromProperties('security.protocol=SSL\nssl.ca.location=/missing')
    expect(client.tls).toEqual({ caFile: '/missing' })
  })

  test('makes options that a client takes, and that show no secret', () => {
    const text = `security.protocol=SSL
ssl.ca.location=/ca.pem
ssl.key.pem=${folded(encryptedKey)}
ssl.certificate.pem=${folded(certificate)}
ssl.key.password=hunter2`
    const { client } = optionsFromProperties(text)
    clientSettings({ bootstrapServers: 'localhost:9092', ...client })
    const [, body = ''] = encryptedKey.split('\n')
    const shown = inspect(client, { depth: 20, showHidden: true }) + JSON.stringify(client)
    expect(shown).not.toContain('hunter2')
    expect(shown).not.toContain(body)
  })

  test('takes PEM text, in lines, with escaped line breaks, or in one line', () => {
    const escaped = certificate.trim().replaceAll('\n', '\\n')
    for (const pem of [folded(certificate), escaped, escaped.replaceAll('\\n', '\\n\\\n  ')]) {
      for (const name of ['ssl.truststore.certificates', 'ssl.ca.pem']) {
        const { ca } = tls(`${name}=${pem}`) as { ca: string }
        expect(new X509Certificate(ca).raw).toEqual(new X509Certificate(certificate).raw)
      }
    }
  })

  test('takes a key and a chain as PEM text', () => {
    const text = `ssl.keystore.type=PEM
ssl.keystore.key=${folded(encryptedKey)}
ssl.keystore.certificate.chain=${folded(certificate + certificate)}
ssl.key.password=secret`
    const options = tls(text) as { key: () => string; cert: string; passphrase: () => string }
    expect(createPrivateKey({ key: options.key(), passphrase: options.passphrase() }).type).toBe('private')
    expect(options.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    const legacy = block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA')
    const { key: given } = tls(`ssl.key.pem=${legacy.trim().replaceAll('\n', '\\n')}`) as { key: () => string }
    expect(given()).toBe(legacy.trim())
  })

  test('checks less where it is told to', () => {
    expect(tls('ssl.endpoint.identification.algorithm=')).toEqual({ checkHostName: false })
    expect(tls('ssl.endpoint.identification.algorithm=none')).toEqual({ checkHostName: false })
    expect(tls('enable.ssl.certificate.verification=false')).toEqual({ rejectUnauthorized: false })
    expect(tls('ssl.enabled.protocols=TLSv1.3')).toEqual({ minVersion: 'TLSv1.3' })
  })

  test.each([
    ['ssl.truststore.location=/store.jks', 'ssl.truststore.location', /of type JKS or PKCS#12, .*keytool -exportcert/],
    ['ssl.keystore.location=/store.jks', 'ssl.keystore.location', /keytool -importkeystore .*ssl\.keystore\.type=PEM/],
    [
      'ssl.keystore.type=PKCS12\nssl.keystore.location=/missing',
      'ssl.keystore.location',
      /of type PKCS12, .*openssl pkcs12/,
    ],
    ['ssl.keystore.location=/store', 'ssl.keystore.location', /names \/store, which is something else, but/],
    ['ssl.ca.location=/store', 'ssl.ca.location', /names \/store, .* reads PEM only: export its certificates/],
    ['ssl.ca.location=/missing', 'ssl.ca.location', /names the file \/missing, which cannot be read: ENOENT/],
    ['ssl.endpoint.identification.algorithm=ldaps', 'ssl.endpoint.identification.algorithm', /must be https, or empty/],
  ])('refuses %j, and says what to do', (text, option, message) => {
    expect(() => tls(text)).toThrow(ConfigError)
    expect(() => tls(text)).toThrow(expect.objectContaining({ option }) as Error)
    expect(() => tls(text)).toThrow(message)
  })
})
