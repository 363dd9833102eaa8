import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived. */
export interface TokenRequestSeen {
  method: string
  path: string
  headers: IncomingHttpHeaders
  form: Record<string, string>
}

/** What a token endpoint answers; a function does it itself. */
export type TokenAnswer = { status?: number; json?: unknown; text?: string } | ((response: ServerResponse) => void)

/** A token endpoint that answers what it is told to; the last answer is repeated. */
export class TokenEndpoint {
  readonly requests: TokenRequestSeen[] = []
  answers: TokenAnswer[] = [{ json: { access_token: 'token-1', expires_in: 60 } }]
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.requests.push({
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
        })
        this.#answer(response)
      })
    })
  }

  static async start(): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint()
    endpoint.#server.listen(0, '127.0.0.1')
    await once(endpoint.#server, 'listening')
    return endpoint
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #answer(response: ServerResponse): void {
    const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!
    if (typeof answer === 'function') {
      answer(response)
      return
    }
    const { status = 200, json, text } = answer
    response.writeHead(status, { 'content-type': 'application/json' }).end(text ?? JSON.stringify(json))
  }
}
