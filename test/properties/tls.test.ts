import { X509Certificate, createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { optionsFromProperties } from '../../src/properties/from-properties.ts'
import type { PropertyTls } from '../../src/properties/tls.ts'
import { block, certificate, encryptedKey, key } from './pem.ts'

const files: Record<string, string | Uint8Array> = {
  '/ca.pem': certificate,
  '/client.pem': `Bag Attributes\n${key}\nsubject=x\n${certificate}${certificate}`,
  '/cert.pem': certificate,
  '/key.pem': encryptedKey,
  '/bytes.pem': new TextEncoder().encode(certificate),
  '/store.jks': Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2),
}

function readFile(path: string): string | Uint8Array {
  const content = files[path]
  if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  return content
}

function tls(text: string): boolean | PropertyTls | undefined {
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

  test('reads the files of librdkafka', () => {
    const text = `ssl.ca.location=/ca.pem
ssl.certificate.location=/cert.pem
ssl.key.location=/key.pem
ssl.key.password=secret`
    expect(tls(text)).toEqual({ ca: certificate, cert: certificate, key: encryptedKey, passphrase: 'secret' })
    expect(tls('ssl.ca.location=/bytes.pem')).toEqual({ ca: certificate })
  })

  test('reads PEM stores of Java, whose type may go unsaid', () => {
    const text = `ssl.truststore.type=PEM
ssl.truststore.location=/ca.pem
ssl.keystore.location=/client.pem
ssl.keystore.password=unused`
    const options = tls(text) as PropertyTls
    expect(options.ca).toBe(certificate)
    expect(options.key).toBe(key)
    expect(options.cert).toBe(`${certificate}${certificate}`)
    expect(options).not.toHaveProperty('passphrase')
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
    const options = tls(text) as { key: string; cert: string; passphrase: string }
    expect(createPrivateKey({ key: options.key, passphrase: options.passphrase }).type).toBe('private')
    expect(options.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    const legacy = block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA')
    expect(tls(`ssl.key.pem=${legacy.trim().replaceAll('\n', '\\n')}`)).toEqual({ key: legacy.trim() })
  })

  test('checks less where it is told to', () => {
    expect(tls('ssl.endpoint.identification.algorithm=')).toEqual({ checkHostName: false })
    expect(tls('ssl.endpoint.identification.algorithm=none')).toEqual({ checkHostName: false })
    expect(tls('enable.ssl.certificate.verification=false')).toEqual({ rejectUnauthorized: false })
    expect(tls('ssl.enabled.protocols=TLSv1.3')).toEqual({ minVersion: 'TLSv1.3' })
  })

  test.each([
    [
      'ssl.truststore.location=/store.jks',
      'ssl.truststore.location',
      /a store of type JKS or PKCS#12, .*keytool -exportcert/,
    ],
    [
      'ssl.keystore.location=/store.jks',
      'ssl.keystore.location',
      /keytool -importkeystore .*openssl pkcs12 .*ssl\.keystore\.type=PEM/,
    ],
    ['ssl.keystore.type=PKCS12\nssl.keystore.location=/missing', 'ssl.keystore.location', /a store of type PKCS12/],
    ['ssl.ca.location=/missing', 'ssl.ca.location', /names the file \/missing, which cannot be read: ENOENT/],
    ['ssl.endpoint.identification.algorithm=ldaps', 'ssl.endpoint.identification.algorithm', /must be https, or empty/],
  ])('refuses %j, and says what to do', (text, option, message) => {
    expect(() => tls(text)).toThrow(ConfigError)
    expect(() => tls(text)).toThrow(expect.objectContaining({ option }) as Error)
    expect(() => tls(text)).toThrow(message)
  })

  test('cannot read files where nobody lends it a hand', () => {
    expect(() => optionsFromProperties('security.protocol=SSL\nssl.ca.location=/ca.pem')).toThrow(
      'ssl.ca.location names a file, but files cannot be read here: use PEM text in its place',
    )
  })
})
