import { AuthenticationError, BrokerError, ConnectionError, KafkaError, type TimeoutError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import { errorOf } from '../protocol/error-codes.ts'
import type { Broker } from './broker.ts'
import type { BodyOf } from './exchange.ts'
import { isRetriable, timeoutAfter } from './retry.ts'

/** Head start over the next broker of one that has to be connected to first: one that never answers must not hold up the others. */
const CONNECT_HEAD_START_MS = 1000
/** Head start of one that is connected and asked: it may be frozen, and would be noticed only after the request timeout. */
const ANSWER_HEAD_START_MS = 5000

/** Stands for an address where there is none to name. */
const NOWHERE = { host: '', port: 0 }

/** What each broker that was tried failed with. */
type Failures = Map<Broker, Error>

/**
 * Sends a request to one of the candidates at a time, in their order, until one answers: a lost connection and a late answer
 * move on to the next. Rejects with an error that names each of them once all have failed, and at once with any other error.
 */
export async function askAnyBroker<Request extends object, Response extends object>(
  candidates: readonly Broker[],
  api: Api<Request, Response>,
  body: BodyOf<NoInfer<Request>>,
  signal: AbortSignal,
): Promise<Response> {
  const failures: Failures = new Map()
  for (;;) {
    const left = candidates.filter((broker) => !failures.has(broker))
    const { broker, connection } = await race(left, failures, signal, async (broker, connecting) => ({
      broker,
      connection: await broker.connection('general', connecting),
    }))
    try {
      return await connection.request(api, body, { signal })
    } catch (error) {
      if (signal.aborted || !isRetriable(error)) throw error
      failures.set(broker, error as Error)
    }
  }
}

/**
 * The first answer that any of the candidates gives to `ask`, which must be harmless to ask twice: the next one is asked, too,
 * when one takes long. Rejects like `askAnyBroker`.
 */
export function firstAnswer<T>(
  candidates: readonly Broker[],
  signal: AbortSignal,
  ask: (broker: Broker, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return race(candidates, new Map(), signal, ask)
}

/**
 * The first success of `attempt` among the candidates, which begin in their order: each when the one before has failed or
 * used up its head start. Attempts that are no longer needed are aborted.
 */
function race<T>(
  candidates: readonly Broker[],
  failures: Failures,
  signal: AbortSignal,
  attempt: (broker: Broker, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const waiting = [...candidates]
    const running = new AbortController()
    let runningCount = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const settle = (settled: () => void): void => {
      clearTimeout(timer)
      waiting.length = 0
      signal.removeEventListener('abort', onAbort)
      settled()
      running.abort(signal.reason)
    }
    const onAbort = (): void => settle(() => reject(signal.reason as Error))
    const tryNext = (): void => {
      clearTimeout(timer)
      const broker = waiting.shift()
      if (broker === undefined) {
        if (runningCount === 0) settle(() => reject(unreachable(failures)))
        return
      }
      runningCount++
      const isConnected = broker.readiness('general') === 'connected'
      attempt(broker, running.signal).then(
        (result) => settle(() => resolve(result)),
        (error: unknown) => {
          runningCount--
          if (running.signal.aborted) return
          if (!movesOn(error)) {
            settle(() => reject(error))
            return
          }
          failures.set(broker, error as Error)
          tryNext()
        },
      )
      if (waiting.length > 0) timer = setTimeout(tryNext, isConnected ? ANSWER_HEAD_START_MS : CONNECT_HEAD_START_MS)
    }
    if (signal.aborted) onAbort()
    else {
      signal.addEventListener('abort', onAbort, { once: true })
      tryNext()
    }
  })
}

/** Whether another broker may do better. */
function movesOn(error: unknown): boolean {
  return isRetriable(error) || error instanceof ConnectionError || error instanceof AuthenticationError
}

/** One error for a round in which every broker failed. */
function unreachable(failures: Failures): Error {
  const errors = [...failures.values()]
  const [first] = failures.keys()
  // Also when others are down: they would hardly accept what this one does not, and the user can mend it.
  const refused = errors.find((error) => error instanceof AuthenticationError && !error.retriable)
  if (refused !== undefined) return refused
  const reasons = listed(errors.map(({ message }) => message))
  return new ConnectionError(`no broker can be reached: ${reasons}`, first ?? NOWHERE, {
    cause: errors.length === 1 ? errors[0] : new AggregateError(errors),
    retriable: errors.some(isRetriable),
  })
}

/**
 * What a call rejects with at its deadline: what the trouble was rather than that time is up, which becomes the cause.
 * `candidates` are the brokers that could have been asked.
 */
export function lateError(lastError: unknown, timeout: TimeoutError, candidates: readonly Broker[]): Error {
  if (lastError instanceof BrokerError) {
    return new BrokerError(errorOf(lastError.errorCode), lastError, { cause: timeout })
  }
  if (candidates.some((broker) => broker.readiness('general') === 'connected')) return timeoutAfter(lastError, timeout)
  const reasons = candidates.map(({ lastError: reason }) => reason?.message).filter((reason) => reason !== undefined)
  // None of them failed to connect: they were connected, and what went wrong came then.
  if (reasons.length === 0) reasons.push(...causesOf(lastError))
  for (const { host, port, lastError: reason } of candidates) {
    if (reason === undefined && lastError === undefined) reasons.push(`no answer from ${host}:${port}`)
  }
  const message = `${timeout.operation}: no broker could be reached within ${timeout.timeoutMs} ms: ${listed(reasons)}`
  return new ConnectionError(message, candidates[0] ?? NOWHERE, { cause: lastError ?? timeout })
}

/** What the brokers of a failed round failed with. */
function causesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const { cause } = error
  if (cause instanceof AggregateError) return cause.errors.map((each) => (each as Error).message)
  return [cause instanceof KafkaError ? cause.message : error.message]
}

function listed(reasons: readonly string[]): string {
  return [...new Set(reasons)].join('; ')
}
