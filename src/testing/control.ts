import { BrokerError, ConfigError } from '../errors.ts'
import { inspect } from '../inspect-value.ts'
import type { Api } from '../protocol/api.ts'
import { ERROR, type ErrorName } from '../protocol/error-codes.ts'
import type { RequestHeader } from '../protocol/header.ts'
import type { Encodable } from '../protocol/schema.ts'
import { eraseApi, type ErasedApi } from './handler.ts'
import type { OfferedApis } from './offered-apis.ts'

/** A request that a control may answer. */
export interface ControlCall<Request extends object, Response extends object> {
  /** Kafka's name of the API, such as `Produce`. */
  readonly apiName: string
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly header: RequestHeader
  /** The node that was asked. */
  readonly nodeId: number
  /** The decoded request. Byte fields are views of the bytes that came in. */
  readonly request: Request
  /**
   * Has the broker do what it would have done, later controls included, and returns its response: to be changed and
   * returned, or replaced by 'drop' to lose it. It is done once, however often this is called.
   */
  readonly serve: () => Promise<Response>
}

/**
 * What becomes of a request: undefined has the broker serve it normally, a response object is sent as it is (fields
 * left out have their defaults), `failWith(…)` is a response with that error code for everything that was asked, 'drop'
 * closes the connection, and 'ignore' never answers: as Kafka answers in order, nothing that comes after it on that
 * connection is answered either.
 */
export type ControlAnswer<Response extends object> =
  | Encodable<Response>
  | ControlFailure
  | 'drop'
  | 'ignore'
  | undefined

/**
 * Decides about requests. A promise delays the answer, and with it the rest of the connection. A BrokerError that is
 * thrown is answered with its code, like `failWith`; any other error closes the connection, and `close()` of the broker
 * rejects with it, so that a failed assertion in a control is not lost.
 */
export type Control<Request extends object, Response extends object> = (
  call: ControlCall<Request, Response>,
) => ControlAnswer<Response> | Promise<ControlAnswer<Response> | WidenedText>

/**
 * What TypeScript makes of the one `return 'drop'` of an async function: text. Any other text than 'drop' and 'ignore'
 * is an error when it is returned.
 */
type WidenedText = string & {}

/** How long a control stays. */
export interface ControlOptions {
  /** Whether it is removed when it is called for the first time. Default false. */
  once?: boolean | undefined
}

/** A control that is in place. `dispose`, or `using`, removes it. */
export interface ControlHandle {
  dispose(): void
  [Symbol.dispose](): void
}

/** An error code that is to be answered for everything that was asked. Made by `failWith`. */
export class ControlFailure {
  readonly errorCode: number

  constructor(errorCode: number) {
    this.errorCode = errorCode
  }
}

/** Has a control answer with an error, by Kafka's name or number of it. */
export function failWith(error: ErrorName | number): ControlFailure {
  return new ControlFailure(typeof error === 'number' ? error : ERROR[error])
}

/** What a control decided, with the ways to say it brought down to one each. */
export type ControlDecision =
  | { kind: 'serve' }
  | { kind: 'respond'; response: object }
  | { kind: 'fail'; errorCode: number }
  | { kind: 'drop' }
  | { kind: 'ignore' }

/** A control with the types of its messages left out. */
type ErasedControl = Control<object, object>

interface Entry {
  readonly control: ErasedControl
  readonly isOnce: boolean
  dispose(): void
}

/** The controls of a broker. */
export class Controls {
  readonly #apis: OfferedApis
  readonly #entries = new Map<number, Entry[]>()
  /** The first error that a control threw. */
  firstError: { error: unknown } | undefined

  constructor(apis: OfferedApis) {
    this.#apis = apis
  }

  /** Puts a control for an API in place. An API that the broker does not serve is offered as long as there is one. */
  add<Request extends object, Response extends object>(
    api: Api<Request, Response>,
    control: Control<Request, Response>,
    options: ControlOptions = {},
  ): ControlHandle {
    return this.#add(api.key, eraseApi(api), control as unknown as ErasedControl, options)
  }

  /** Puts a control for an API that the broker serves in place, by its key. */
  addByKey(apiKey: number, control: ErasedControl, options: ControlOptions = {}): ControlHandle {
    const offered = this.#apis.get(apiKey)
    if (offered === undefined) {
      const hint =
        'pass the Api object, such as describeGroupsApi of kafkawire/protocol, to have it answered by the control'
      throw new ConfigError('apiKey', `TestBroker does not serve API ${apiKey}: ${hint}`)
    }
    return this.#add(apiKey, offered.erased, control, options)
  }

  #add(apiKey: number, erased: ErasedApi, control: ErasedControl, options: ControlOptions): ControlHandle {
    const endOffer = this.#apis.addControlled(erased)
    let isDisposed = false
    const dispose = (): void => {
      if (isDisposed) return
      isDisposed = true
      endOffer()
      this.#entries.set(
        apiKey,
        this.#of(apiKey).filter((other) => other !== entry),
      )
    }
    const entry: Entry = { control, isOnce: options.once === true, dispose }
    this.#entries.set(apiKey, [...this.#of(apiKey), entry])
    return { dispose, [Symbol.dispose]: dispose }
  }

  #of(apiKey: number): readonly Entry[] {
    return this.#entries.get(apiKey) ?? []
  }

  has(apiKey: number): boolean {
    return this.#of(apiKey).length > 0
  }

  /**
   * Asks the controls of an API in the order they were put in place, until one decides. `serve` is the broker itself.
   * @param call - the request, without `serve`.
   */
  decide(
    call: Omit<ControlCall<object, object>, 'serve'>,
    serve: (decision: ControlDecision) => Promise<object>,
  ): Promise<ControlDecision> {
    return this.#ask(this.#of(call.apiKey), call, serve)
  }

  async #ask(
    entries: readonly Entry[],
    call: Omit<ControlCall<object, object>, 'serve'>,
    serve: (decision: ControlDecision) => Promise<object>,
  ): Promise<ControlDecision> {
    const [entry, ...others] = entries
    if (entry === undefined) return { kind: 'serve' }
    if (entry.isOnce) entry.dispose()
    let served: Promise<object> | undefined
    const serveOnce = (): Promise<object> => {
      served ??= this.#ask(others, call, serve).then(serve)
      // A control that does not wait for it is not to bring the process down.
      served.catch(() => {})
      return served
    }
    try {
      const answer = await entry.control({ ...call, serve: serveOnce })
      if (answer !== undefined) return toDecision(answer)
      return served === undefined ? await this.#ask(others, call, serve) : { kind: 'respond', response: await served }
    } catch (error) {
      if (error instanceof BrokerError) return { kind: 'fail', errorCode: error.errorCode }
      this.firstError ??= { error }
      return { kind: 'drop' }
    }
  }
}

function toDecision(answer: object | string): ControlDecision {
  if (answer === 'drop' || answer === 'ignore') return { kind: answer }
  if (typeof answer !== 'object' || answer === null) {
    throw new ConfigError(
      'control',
      `a control returned ${inspect(answer)}, which is neither a response, 'drop' nor 'ignore'`,
    )
  }
  if (answer instanceof ControlFailure) return { kind: 'fail', errorCode: answer.errorCode }
  return { kind: 'respond', response: answer }
}
