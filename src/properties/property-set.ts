/** The properties of a text, and which of them were used. Values lose the blanks around them, as in Java's ConfigDef. */
export class PropertySet {
  readonly #entries: ReadonlyMap<string, string>
  readonly #used = new Set<string>()

  constructor(entries: ReadonlyMap<string, string>) {
    this.#entries = entries
  }

  /** Value of a setting with several names: of the last one in the text. All of them count as used. */
  take(...names: readonly string[]): string | undefined {
    return this.find(...names)?.value
  }

  /** Like `take`, with the name that the value stands under. */
  find(...names: readonly string[]): { name: string; value: string } | undefined {
    let found: { name: string; value: string } | undefined
    for (const [name, value] of this.#entries) {
      if (!names.includes(name)) continue
      this.#used.add(name)
      found = { name, value: value.trim() }
    }
    return found
  }

  /** Value of a setting that does not count as used by that. */
  peek(name: string): string | undefined {
    return this.#entries.get(name)?.trim()
  }

  /** Names that nothing has used, in the order of the text. */
  unused(): string[] {
    return [...this.#entries.keys()].filter((name) => !this.#used.has(name))
  }
}
