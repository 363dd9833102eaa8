import * as fc from 'fast-check'

/** Bytes of all kinds: random, of a small alphabet, repetitive, and a mix. */
export const contents: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.uint8Array({ max: 3, maxLength: 100_000, size: 'max' }),
  fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.integer({ min: 1, max: 300 })), {
      maxLength: 20,
    })
    .map(
      (runs) => new Uint8Array(Buffer.concat(runs.flatMap(([run, count]) => Array.from({ length: count }, () => run)))),
    ),
)
