import type { AvroType } from './types.ts'

/**
 * Parsing Canonical Form of the specification: what matters to a reader of bytes and nothing else, in one order and spelling, so
 * that equal text means equal bytes.
 */
export function canonicalForm(type: AvroType): string {
  const defined = new Set<string>()
  const print = (type: AvroType): string => {
    switch (type.kind) {
      case 'array':
        return `{"type":"array","items":${print(type.items)}}`
      case 'map':
        return `{"type":"map","values":${print(type.values)}}`
      case 'union':
        return `[${type.branches.map((branch) => print(branch)).join(',')}]`
      case 'record':
      case 'enum':
      case 'fixed': {
        if (defined.has(type.name)) return JSON.stringify(type.name)
        defined.add(type.name)
        const head = `{"name":${JSON.stringify(type.name)},"type":"${type.kind}",`
        if (type.kind === 'fixed') return `${head}"size":${type.size}}`
        if (type.kind === 'enum') return `${head}"symbols":${JSON.stringify(type.symbols)}}`
        const fields = type.fields.map((field) => `{"name":${JSON.stringify(field.name)},"type":${print(field.type)}}`)
        return `${head}"fields":[${fields.join(',')}]}`
      }
      default:
        return `"${type.kind}"`
    }
  }
  return print(type)
}
