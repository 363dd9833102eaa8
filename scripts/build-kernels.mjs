// Compiles src/protocol/kernels/assembly (AssemblyScript) into binary.ts beside it.
//   npm run kernels              writes binary.ts
//   npm run kernels -- --check   fails when binary.ts is not what the sources make
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('../src/protocol/kernels/', import.meta.url))
const options = '-O3 --enable simd --enable bulk-memory'.split(' ')
// An assertion would need an import and a runtime a heap, but kernels are given the addresses that they work on.
options.push('--noAssert', '--runtime', 'stub')
// Addresses below are never used, so that small numbers can say what went wrong.
options.push('--memoryBase', '1024')

let binary
const { error } = await main(['assembly/index.ts', '--baseDir', folder, '-o', 'kernels.wasm', ...options], {
  stderr: process.stderr,
  writeFile: (_name, contents) => {
    binary = contents
  },
})
if (error !== null) throw error
const text = `// Made by scripts/build-kernels.mjs from assembly/, ${binary.length} bytes. Not to be edited.
export const KERNELS_BASE64: string =
  '${Buffer.from(binary).toString('base64')}'
`
const file = `${folder}binary.ts`
if (!process.argv.includes('--check')) await writeFile(file, text)
else if ((await readFile(file, 'utf8')) !== text) {
  console.error('binary.ts is not what assembly/ makes: npm run kernels')
  process.exitCode = 1
}
