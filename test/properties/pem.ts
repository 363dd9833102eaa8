import { createPrivateKey, generateKeyPairSync } from 'node:crypto'

/** PEM of a label and a body. */
export function block(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
}

/** A self-signed certificate, of a key that nobody has. */
export const certificate: string = block(
  'CERTIFICATE',
  (
    'MIIBdTCCARugAwIBAgIUAVusbfRuhuCTSdRoDzzIAwRiywEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEdGVzdDAgFw' +
    '0yNjExMjEwOTI1NDBaGA8yMTI2MTAyODA5MjU0MFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49' +
    'AwEHA0IABHf7LklmSoCeA9QZhP2HK0dV7G4aC9ZP5pW+H429IDvnmdrZcEUdnx/oZ6To0qTMGCq11JToP+mN4pr8xa' +
    '32hOSjUzBRMB0GA1UdDgQWBBQwHMp9U1vKMNUSES7yCH2wxeiNLzAfBgNVHSMEGDAWgBQwHMp9U1vKMNUSES7yCH2w' +
    'xeiNLzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCxWtSr68LisZobkIlxSYR5Y6VFcIky8pIapB' +
    'T4wpUN1gIge2KJBmfeIUaSbKPaDH9Huy2vQ3m2UYrmcQjTK0IxKqM='
  ).replace(/.{64}(?=.)/g, '$&\n'),
)

/** A private key that belongs to nothing. */
export const key: string = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey

/** The same, with the passphrase `secret`. */
export const encryptedKey: string = createPrivateKey(key).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'secret',
}) as string
