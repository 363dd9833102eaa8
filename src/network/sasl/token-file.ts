import { AuthenticationError } from '../../errors.ts'
import type { TokenFunction } from './token.ts'

/** Reads a text file. */
export type ReadText = (path: string) => Promise<string>

/** Reads a text file of this machine. Rejects with an AuthenticationError that names it. */
export async function readText(path: string): Promise<string> {
  // Loaded on first use, for the sake of runtimes without a file system.
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code = 'unknown reason' } = cause as { code?: string }
    throw new AuthenticationError(`cannot read ${path}: ${code}`, 'OAUTHBEARER', { cause, retriable: true })
  }
}

/** A token that somebody else keeps up to date in a file. It is read anew for each connection, and costs too little to cache. */
export function tokenFile(path: string, read: ReadText = readText): TokenFunction {
  return async () => {
    const value = (await read(path)).trim()
    if (value === '')
      throw new AuthenticationError(`${path} holds no token: it is empty`, 'OAUTHBEARER', { retriable: true })
    return { value }
  }
}
