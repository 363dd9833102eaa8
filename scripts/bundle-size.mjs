// Prints what a browser-style bundle of each import shape weighs, and compares it with bench/bundle-size.json.
//   npm run size              fails when a shape grew by more than 5 %
//   npm run size -- --write   makes today's sizes the committed ones
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const TOLERANCE = 1.05
const SHAPES = {
  'protocol only': "import * as protocol from './dist/modules/protocol/index.js'; console.log(protocol)",
  'producer only': "import { Producer } from './dist/modules/index.js'; console.log(Producer)",
  all: "import * as kafkawire from './dist/modules/index.js'; console.log(kafkawire)",
}
const root = fileURLToPath(new URL('..', import.meta.url))
const table = `${root}/bench/bundle-size.json`

async function sizeOf(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2023',
  })
  const code = outputFiles[0].contents
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length }
}

const sizes = {}
for (const [shape, contents] of Object.entries(SHAPES)) sizes[shape] = await sizeOf(contents)

if (process.argv.includes('--write')) {
  await writeFile(table, `${JSON.stringify(sizes, null, 2)}\n`)
}
const committed = JSON.parse(await readFile(table, 'utf8'))
console.log('shape           minified  gzipped  committed (gzipped)')
let hasGrown = false
for (const [shape, { minified, gzipped }] of Object.entries(sizes)) {
  const before = committed[shape]?.gzipped ?? 0
  const grew = gzipped > before * TOLERANCE
  hasGrown ||= grew
  const columns = [
    shape.padEnd(14),
    String(minified).padStart(9),
    String(gzipped).padStart(8),
    String(before).padStart(10),
  ]
  console.log(columns.join(' ') + (grew ? '  grew by more than 5 %' : ''))
}
if (hasGrown) {
  console.error('\nIf that is worth it, commit the new sizes: npm run size -- --write')
  process.exitCode = 1
}
