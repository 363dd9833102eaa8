import type { Deserializer } from '../serdes.ts'
import type { WithSchema } from './registry-deserializer.ts'
import type { RegistrySerde } from './registry-serde.ts'

/** What stands between the objects of a program and the values of schemas. */
export interface ValueHooks<T> {
  /** Turns an object of your own into a value of the schema, before anything else is done with it. */
  toObject?: ((data: T) => unknown) | undefined
  /** Turns a value of the schema into an object of your own, after everything else was done with it. */
  fromObject?: ((value: unknown) => T) | undefined
}

/** A serde whose values go through the hooks. */
export function withHooks<T>(serde: RegistrySerde<T>, { toObject, fromObject }: ValueHooks<T>): RegistrySerde<T> {
  if (toObject === undefined && fromObject === undefined) return serde
  const outgoing = (data: T): T => (toObject === undefined || data === null ? data : (toObject(data) as T))
  const incoming = (value: T): T => (fromObject === undefined || value === null ? value : fromObject(value))
  const withSchema = (): Deserializer<WithSchema<T> | null> => {
    const inner = serde.withSchema()
    return {
      deserialize: (bytes, context) =>
        then(inner.deserialize(bytes, context), (read) => read && { ...read, value: incoming(read.value) }),
    }
  }
  return {
    ...serde,
    serialize: (data, context) => serde.serialize(outgoing(data), context),
    deserialize: (bytes, context) => then(serde.deserialize(bytes, context), incoming),
    withSchema,
  }
}

/** Waits only where there is something to wait for. */
function then<A, B>(value: A | Promise<A>, convert: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? converted(value, convert) : convert(value)
}

async function converted<A, B>(value: Promise<A>, convert: (value: A) => B): Promise<B> {
  return convert(await value)
}
