import { AuthenticationError, ConnectionError } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import type { Broker } from './broker.ts'
import type { Connection } from './connection.ts'
import type { BodyOf } from './exchange.ts'
import { isRetriable } from './retry.ts'

/** Head start of one broker over the next when none is connected, so that one that never answers does not hold up the others. */
const HEAD_START_MS = 1000

/** What each broker that was tried failed with. */
type Failures = Map<Broker, Error>

/**
 * Asks the candidates, in their order, until one answers: a lost connection and a late answer move on to the next. Rejects
 * with an error that names each of them once all have failed, and at once with any other error.
 */
export async function askAnyBroker<Request extends object, Response extends object>(
  candidates: readonly Broker[],
  api: Api<Request, Response>,
  body: BodyOf<NoInfer<Request>>,
  signal: AbortSignal,
): Promise<Response> {
  const failures: Failures = new Map()
  for (;;) {
    const { broker, connection } = await firstConnected(candidates, failures, signal)
    try {
      return await connection.request(api, body, { signal })
    } catch (error) {
      if (signal.aborted || !isRetriable(error)) throw error
      failures.set(broker, error as Error)
    }
  }
}

/** The first of the candidates without a failure to have a connection. Those that cannot be connected to become failures. */
function firstConnected(
  candidates: readonly Broker[],
  failures: Failures,
  signal: AbortSignal,
): Promise<{ broker: Broker; connection: Connection }> {
  return new Promise((resolve, reject) => {
    const waiting = candidates.filter((broker) => !failures.has(broker))
    let tryingCount = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const settle = (settled: () => void): void => {
      clearTimeout(timer)
      waiting.length = 0
      settled()
    }
    const tryNext = (): void => {
      clearTimeout(timer)
      const broker = waiting.shift()
      if (broker === undefined) {
        if (tryingCount === 0) settle(() => reject(unreachable(failures)))
        return
      }
      tryingCount++
      broker.connection('general', signal).then(
        (connection) => settle(() => resolve({ broker, connection })),
        (error: unknown) => {
          tryingCount--
          if (signal.aborted) {
            settle(() => reject(signal.reason as Error))
            return
          }
          failures.set(broker, error as Error)
          tryNext()
        },
      )
      if (waiting.length > 0) timer = setTimeout(tryNext, HEAD_START_MS)
    }
    tryNext()
  })
}

/** One error for a round in which every broker failed. */
function unreachable(failures: Failures): Error {
  const errors = [...failures.values()]
  const [first] = failures.keys()
  const refused = errors.find((error) => error instanceof AuthenticationError)
  if (refused !== undefined && !errors.some(isRetriable)) return refused
  const reasons = [...new Set(errors.map(({ message }) => message))].join('; ')
  return new ConnectionError(`no broker can be reached: ${reasons}`, first ?? { host: '', port: 0 }, {
    cause: errors.length === 1 ? errors[0] : new AggregateError(errors),
    retriable: errors.some(isRetriable),
  })
}
