/**
 * A value that says which branch of a union it belongs to. Needed for writing where a bare value could mean several, such as 1 for
 * `["int", "long"]`; given for reading when unions are `tagged`.
 */
export class UnionValue<N extends string = string, T = unknown> {
  /** Full name of a record, enum or fixed; else the type, such as `long` or `array`. */
  readonly branch: N
  readonly value: T

  constructor(branch: N, value: T) {
    this.branch = branch
    this.value = value
  }
}
