import { DecodeError, EncodeError } from '../../errors.ts'

/** An UnsupportedVersionError in the making: the path grows on the way up, the message puts its API to it. */
export class CannotCarryError extends Error {
  readonly path: string
  readonly version: number
  constructor(path: string, version: number) {
    super()
    this.path = path
    this.version = version
  }
}

/** The error with one more step put before its path. */
export function within(step: string, error: unknown): unknown {
  if (error instanceof DecodeError)
    return new DecodeError(error.reason, { offset: error.offset, path: join(step, error.path) })
  if (error instanceof EncodeError) return new EncodeError(error.reason, join(step, error.path))
  if (error instanceof CannotCarryError) return new CannotCarryError(join(step, error.path), error.version)
  return error
}

function join(step: string, path: string): string {
  return path === '' || path.startsWith('[') ? step + path : `${step}.${path}`
}
