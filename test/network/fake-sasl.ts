import { ERROR } from '../../src/protocol/error-codes.ts'
import { saslHandshakeApi } from '../../src/protocol/messages/17-sasl-handshake.ts'
import { saslAuthenticateApi } from '../../src/protocol/messages/36-sasl-authenticate.ts'
import type { Handler } from './fake-broker.ts'

/** What a fake broker demands of those who log in by PLAIN. */
export interface FakeLogin {
  password: string
  /** What it grants; 0 for no end. */
  sessionLifetimeMs: number
  /** Passwords that it was shown. */
  readonly shown: string[]
}

/** Handlers that accept alice by PLAIN. */
export function plainHandlers(login: FakeLogin): Record<'SaslHandshake' | 'SaslAuthenticate', Handler> {
  return {
    SaslHandshake: (request) => request.answer(saslHandshakeApi, { mechanisms: ['PLAIN'] }),
    SaslAuthenticate: (request) => {
      const { authBytes } = request.read(saslAuthenticateApi)
      const [, username, password = ''] = new TextDecoder().decode(authBytes).split('\0')
      login.shown.push(password)
      if (username === 'alice' && password === login.password) {
        request.answer(saslAuthenticateApi, { sessionLifetimeMs: BigInt(login.sessionLifetimeMs) })
        return
      }
      const errorMessage = 'Authentication failed: Invalid username or password'
      request.answer(saslAuthenticateApi, { errorCode: ERROR.SASL_AUTHENTICATION_FAILED, errorMessage })
      request.socket.end()
    },
  }
}
