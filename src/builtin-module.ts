/**
 * A module of the runtime that is used where there is one: undefined elsewhere. Not imported, so that nothing is loaded before
 * it is needed, and bundles for a browser have nothing to resolve.
 */
export function builtinModule(name: `node:${string}`): object | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => object | undefined } }
  return process?.getBuiltinModule?.(name)
}
