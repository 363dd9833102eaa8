import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../src', import.meta.url))

interface Import {
  /** Path of the importing file below src, such as `network/node.ts`. */
  from: string
  /** Path below src, or the specifier of a package or built-in module. */
  to: string
  isRelative: boolean
  /** By `import()`, so that it is loaded only when its code runs. */
  isDynamic: boolean
  /** Erased by the compiler. */
  isTypeOnly: boolean
}

/** Layers that the files of each folder may import, besides their own. The files of src itself are entry points. */
const allowedLayers: Record<string, readonly string[]> = {
  protocol: [],
  network: ['protocol'],
  producer: ['protocol', 'network'],
  consumer: ['protocol', 'network'],
  admin: ['protocol', 'network'],
  properties: ['network', 'producer', 'consumer', 'client-options.ts'],
  // Tokens, TLS settings and deadlines are those of the brokers' logins.
  'schema-registry': ['protocol', 'network/sasl', 'network/tls.ts', 'network/transport.ts', 'network/wait.ts'],
  // TestRegistry shares the registry's types and names.
  testing: ['protocol', 'network/frames.ts', 'network/transport.ts', 'schema-registry'],
}

/** Files of src that every layer may import: they import no layer themselves. */
const leaves = new Set(['builtin-module.ts', 'errors.ts', 'inspect-value.ts', 'sampled-stat.ts'])

/** Files of src that the layers above the protocol may import: what a user hands in. */
const sharedOptions = new Set(['config.ts', 'serdes.ts'])

/** What may load packages, by import() when they are needed. */
const packageUsers = ['protocol/compression/', 'schema-registry/']

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
const sources = new Map(files.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
const imports = [...sources].flatMap(([path, text]) => scan(path, text))

/** Finds the imports and re-exports of a file. Code that only looks like an import inside a comment is left out. */
function scan(from: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statics = [...code.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+\sfrom\s+)?'([^']+)'/gm)]
  const dynamics = [...code.matchAll(/\bimport\(\s*(?:'([^']+)'|[^)]*)\)/g)]
  const found = (specifier: string, isDynamic: boolean, isTypeOnly: boolean): Import => {
    const isRelative = specifier.startsWith('.')
    const to = isRelative ? relative(root, resolve(root, dirname(from), specifier)) : specifier
    return { from, to, isRelative, isDynamic, isTypeOnly }
  }
  return [
    ...statics.map(([, type, specifier]) => found(specifier!, false, type !== undefined)),
    ...dynamics.map(([whole, specifier]) => found(specifier ?? whole, true, false)),
  ]
}

function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function describeImport({ from, to }: Import): string {
  return `${from} imports ${to}`
}

describe('the source tree', () => {
  test('is scanned: the scanner sees static, type-only, re-exporting and dynamic imports', () => {
    const seen = scan(
      'network/example.ts',
      [
        "import { a,\n  b } from '../errors.ts'",
        "import type { C } from './wire.ts'",
        "export { d } from 'node:net'",
        "import 'side-effect'",
        "const codec = await import('a-package')",
        "// import { no } from 'comment'",
        "/** import { no } from 'comment' */",
      ].join('\n'),
    )
    expect(seen.map(({ to, isDynamic, isTypeOnly }) => [to, isDynamic, isTypeOnly])).toEqual([
      ['errors.ts', false, false],
      ['network/wire.ts', false, true],
      ['node:net', false, false],
      ['side-effect', false, false],
      ['a-package', true, false],
    ])
    expect(imports.length).toBeGreaterThan(files.length)
  })

  test('imports one way: protocol <- network <- producer, consumer and admin <- index', () => {
    const wrong = imports.filter(({ from, to, isRelative }) => {
      const [fromLayer, toLayer] = [layerOf(from), layerOf(to)]
      if (!isRelative || fromLayer === '' || fromLayer === toLayer || leaves.has(to)) return false
      if (sharedOptions.has(to)) return fromLayer === 'protocol' || fromLayer === 'testing'
      const allowed = allowedLayers[fromLayer] ?? []
      return !allowed.some((path) => to === path || to.startsWith(`${path}/`))
    })
    expect(wrong.map(describeImport)).toEqual([])
  })

  test('has leaves that import no layer', () => {
    const wrong = imports.filter(({ from, to, isTypeOnly }) => leaves.has(from) && !leaves.has(to) && !isTypeOnly)
    expect(wrong.map(describeImport)).toEqual([])
  })

  test('knows every folder: a new one needs its place among the layers', () => {
    const folders = [...new Set(files.map(layerOf))].filter((layer) => layer !== '')
    expect(Object.keys(allowedLayers)).toEqual(expect.arrayContaining(folders))
  })

  test('opens sockets in network/node.ts only, and listens in the broker and the registry for tests', () => {
    const socketModules = new Set(['node:net', 'node:tls', 'node:dns', 'node:dns/promises', 'node:http', 'node:https'])
    const importers = imports.filter(({ to, isTypeOnly }) => socketModules.has(to) && !isTypeOnly)
    const files = new Set(importers.map(({ from }) => from))
    expect([...files].sort()).toEqual(['network/node.ts', 'testing/registry/test-registry.ts', 'testing/test-node.ts'])
  })

  test('has a protocol layer that runs in a browser: node modules only by import(), and only in compression', () => {
    const wrong = imports.filter(
      ({ from, to, isDynamic, isTypeOnly }) =>
        layerOf(from) === 'protocol' &&
        isBuiltin(to) &&
        !isTypeOnly &&
        !(isDynamic && from.startsWith('protocol/compression/')),
    )
    expect(wrong.map(describeImport)).toEqual([])
  })

  test('needs no package: those of codecs and serdes are loaded by import() on first use', () => {
    const packages = imports.filter(({ to, isRelative, isTypeOnly }) => !isRelative && !isTypeOnly && !isBuiltin(to))
    const wrong = packages.filter(
      ({ from, isDynamic }) => !isDynamic || !packageUsers.some((folder) => from.startsWith(folder)),
    )
    expect(wrong.map(describeImport)).toEqual([])
  })

  test('imports built-in modules by their node: name', () => {
    const wrong = imports.filter(({ to, isRelative }) => !isRelative && isBuiltin(to) && !to.startsWith('node:'))
    expect(wrong.map(describeImport)).toEqual([])
  })

  test('has no file above 500 lines', () => {
    const long = [...sources].map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
    expect(long.filter(({ lines }) => lines > 500)).toEqual([])
  })
})
