import { at32, set32 } from './arrays'

/** Nodes of the tree that codes are made of: a count, a parent or a depth above 10 bits of a symbol. */
const NODES: usize = memory.data(4 * 288)
const NODE_SYMBOL: u32 = 1023

/** For each length how many codes have it. */
const BY_LENGTH: usize = memory.data(4 * 17)

/**
 * Writes to `lengths`, a byte each, those of the codes of least size for symbols that occur as often as the 32-bit numbers at `counts` say, 0 for those that do not,
 * and none above `maxBits` (Moffat and Katajainen, as in libdeflate). A single symbol gets another one beside it.
 */
export function makeLengths(counts: usize, symbols: u32, maxBits: u32, lengths: usize): void {
  memory.fill(lengths, 0, symbols)
  let used: u32 = 0
  for (let i: u32 = 0; i < symbols; i++) {
    const count = at32(counts, i)
    if (count != 0) set32(NODES, used++, (count << 10) | i)
  }
  if (used < 2) {
    // A code of two symbols, one of which is not used: not all take a code of one.
    const only = used == 0 ? 0 : at32(NODES, 0) & NODE_SYMBOL
    store<u8>(lengths + only, 1)
    store<u8>(lengths + (only == 0 ? 1 : 0), 1)
  } else {
    sortNodes(used)
    linkNodes(used)
    countLengths(used, maxBits)
    let node: u32 = 0
    for (let length = maxBits; length > 0; length--) {
      for (let count = at32(BY_LENGTH, length); count > 0; count--) {
        store<u8>(lengths + (at32(NODES, node++) & NODE_SYMBOL), length)
      }
    }
  }
}

/** A shell sort, as there are no more than 286. */
function sortNodes(used: u32): void {
  for (let gap: u32 = 132; gap > 0; gap = gap == 4 ? 1 : <u32>((gap * 3) / 7)) {
    for (let i = gap; i < used; i++) {
      const node = at32(NODES, i)
      let to = i
      for (; to >= gap && at32(NODES, to - gap) > node; to -= gap) set32(NODES, to, at32(NODES, to - gap))
      set32(NODES, to, node)
    }
  }
}

/** Joins the two rarest nodes until one is left. What is joined gets its parent in place of its count; inner nodes take the places of leaves that are joined. */
function linkNodes(used: u32): void {
  let leaf: u32 = 0
  let inner: u32 = 0
  for (let next: u32 = 0; next < used - 1; next++) {
    let sum: u32 = 0
    for (let i = 0; i < 2; i++) {
      const takesLeaf = leaf < used && (inner == next || at32(NODES, leaf) >> 10 <= at32(NODES, inner) >> 10)
      sum += at32(NODES, takesLeaf ? leaf : inner) & ~NODE_SYMBOL
      if (takesLeaf) leaf++
      else {
        set32(NODES, inner, (next << 10) | (at32(NODES, inner) & NODE_SYMBOL))
        inner++
      }
    }
    set32(NODES, next, sum | (at32(NODES, next) & NODE_SYMBOL))
  }
}

/** Counts in BY_LENGTH how deep leaves lie. One that would lie too deep is put beside the deepest that has room below it. */
function countLengths(used: u32, maxBits: u32): void {
  memory.fill(BY_LENGTH, 0, 4 * 17)
  set32(BY_LENGTH, 1, 2)
  const root = used - 2
  set32(NODES, root, at32(NODES, root) & NODE_SYMBOL)
  for (let node = <i32>root - 1; node >= 0; node--) {
    const own = at32(NODES, node)
    let depth = (at32(NODES, own >> 10) >> 10) + 1
    set32(NODES, node, (own & NODE_SYMBOL) | (depth << 10))
    if (depth >= maxBits) {
      depth = maxBits - 1
      while (at32(BY_LENGTH, depth) == 0) depth--
    }
    set32(BY_LENGTH, depth, at32(BY_LENGTH, depth) - 1)
    set32(BY_LENGTH, depth + 1, at32(BY_LENGTH, depth + 1) + 2)
  }
}
