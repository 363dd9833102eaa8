import { ConfigError } from '../errors.ts'

/**
 * Loads a package that only those need who use the thing it is for. Throws ConfigError that names the package when it is not
 * installed; a later call looks for it again.
 */
export async function loadPackage<M>(name: string, purpose: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load()
  } catch (cause) {
    throw new ConfigError(name, `${purpose} needs the package ${name}, which cannot be loaded: npm install ${name}`, {
      cause,
    })
  }
}
