import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Association } from '../../schema-registry/client/configuration.ts'
import type { RegisteredSchema } from '../../schema-registry/schema.ts'
import { answer, type TestRegistryRequest } from './registry-routes.ts'
import { type CompatibilityCheck, Refusal, RegistryState } from './registry-state.ts'

/** What a control answers in place of the registry. */
export interface TestRegistryAnswer {
  status?: number | undefined
  /** Text as it is; anything else as JSON. */
  body?: unknown
  headers?: Readonly<Record<string, string>> | undefined
}

/** Takes over a request: its answer, `hang` for none, `reset` for a lost connection, or undefined to let it through. */
export type TestRegistryControl = (
  request: TestRegistryRequest,
) => TestRegistryAnswer | 'hang' | 'reset' | undefined | Promise<TestRegistryAnswer | 'hang' | 'reset' | undefined>

/** What a TestRegistry begins with. */
export interface TestRegistryOptions {
  /** With the ids, GUIDs, subjects and versions that they are to have. */
  schemas?: readonly RegisteredSchema[] | undefined
  associations?: readonly Association[] | undefined
  /** Value of the header Authorization without which requests are refused with 401. */
  authorization?: string | undefined
  /** Decides what is compatible. Default: what Confluent's registry finds so. */
  compatibility?: CompatibilityCheck | undefined
}

/**
 * A Schema Registry within the process, over real HTTP, that answers as Confluent's does: it checks schemas and their compatibility, of
 * all three kinds, without any package.
 */
export class TestRegistry {
  /** Where it listens, or did until it was closed. */
  readonly url: string
  /** Every request so far, in order. */
  readonly requests: TestRegistryRequest[] = []
  readonly #server: Server
  readonly #state: RegistryState
  readonly #authorization: string | undefined
  readonly #controls: TestRegistryControl[] = []

  private constructor(server: Server, options: TestRegistryOptions) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#authorization = options.authorization
    this.#state = new RegistryState(options.compatibility)
    for (const schema of options.schemas ?? []) this.#state.preload(schema)
    this.#state.associations.push(...(options.associations ?? []))
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response))
  }

  /** A registry that listens on a free port of this machine. */
  static async start(options: TestRegistryOptions = {}): Promise<TestRegistry> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new TestRegistry(server, options)
  }

  /** Lets `control` take over requests until the function that is returned is called. The last one added comes first. */
  control(control: TestRegistryControl): () => void {
    this.#controls.unshift(control)
    return () => {
      const index = this.#controls.indexOf(control)
      if (index >= 0) this.#controls.splice(index, 1)
    }
  }

  /** Associates a topic with a subject. */
  associate(association: Association): void {
    this.#state.associations.push(association)
  }

  /** Stops listening, and ends connections with requests that hang. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await readRequest(incoming)
      this.requests.push(request)
      for (const control of this.#controls) {
        const taken = await control(request)
        if (taken === undefined) continue
        if (taken === 'reset') incoming.socket.resetAndDestroy()
        else if (taken !== 'hang') write(response, taken)
        return
      }
      write(response, this.#answer(request))
    } catch (error) {
      write(response, { status: 500, body: { error_code: 50001, message: String(error) } })
    }
  }

  #answer(request: TestRegistryRequest): TestRegistryAnswer {
    if (this.#authorization !== undefined && request.headers['authorization'] !== this.#authorization) {
      return { status: 401, body: { error_code: 401, message: 'Unauthorized' } }
    }
    try {
      return { status: 200, body: answer(this.#state, request) }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { errorCode, message } = error
      return { status: Number(String(errorCode).slice(0, 3)), body: { error_code: errorCode, message } }
    }
  }
}

async function readRequest(incoming: IncomingMessage): Promise<TestRegistryRequest> {
  let text = ''
  incoming.setEncoding('utf8')
  for await (const chunk of incoming) text += chunk as string
  const target = incoming.url ?? '/'
  const [path = '', query = ''] = target.split('?', 2)
  return {
    method: incoming.method ?? 'GET',
    target,
    path: path.split('/').slice(1).map(decodeURIComponent),
    query: new URLSearchParams(query),
    headers: incoming.headers as Record<string, string | undefined>,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  }
}

function write(response: ServerResponse, { status = 200, body, headers = {} }: TestRegistryAnswer): void {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json', ...headers })
  response.end(text)
}
