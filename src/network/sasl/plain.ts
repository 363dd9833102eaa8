import { AuthenticationError, ConfigError } from '../../errors.ts'
import { encodeUtf8 } from '../../protocol/bytes/utf8.ts'
import type { SaslExchange, SaslMechanism } from './mechanism.ts'
import { readSecret, type Secret } from './secret.ts'

/** User and password of PLAIN. Brokers see both as they are: use it over TLS. */
export interface PlainCredentials {
  username: string
  password: Secret
}

/** PLAIN (RFC 4616): one message with user name and password. */
export class PlainMechanism implements SaslMechanism {
  readonly name = 'PLAIN'
  readonly remedy = 'check username and password'
  readonly #username: string
  readonly #password: Secret

  constructor({ username, password }: PlainCredentials) {
    if (username.includes('\0'))
      throw new ConfigError('username', 'username must not hold the character NUL, which ends it')
    this.#username = username
    this.#password = password
  }

  authenticate(): SaslExchange {
    return {
      next: async () => {
        const password = await readSecret(this.#password, 'password', this.name)
        if (password.includes('\0')) {
          throw new AuthenticationError('PLAIN cannot carry a password with the character NUL in it', this.name)
        }
        // Nothing before the first NUL: no other identity is asked for than the one that the password is of.
        return { response: encodeUtf8(`\0${this.#username}\0${password}`), isComplete: true }
      },
    }
  }
}
