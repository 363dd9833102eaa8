const PRIME_1: u64 = 0x9e3779b185ebca87
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f
const PRIME_3: u64 = 0x165667b19e3779f9
const PRIME_4: u64 = 0x85ebca77c2b2ae63
const PRIME_5: u64 = 0x27d4eb2f165667c5

/** The lowest 32 bits of XXH64 with seed 0 of the bytes from `from` to `end`: the checksum of zstd frames. */
export function xxhash64(from: usize, end: usize): u32 {
  const size = <u64>(end - from)
  let hash: u64
  if (size >= 32) {
    let lane1 = PRIME_1 + PRIME_2
    let lane2 = PRIME_2
    let lane3: u64 = 0
    let lane4: u64 = 0 - PRIME_1
    for (const last = end - 32; from <= last; from += 32) {
      lane1 = round(lane1, load<u64>(from))
      lane2 = round(lane2, load<u64>(from, 8))
      lane3 = round(lane3, load<u64>(from, 16))
      lane4 = round(lane4, load<u64>(from, 24))
    }
    hash = rotl(lane1, 1) + rotl(lane2, 7) + rotl(lane3, 12) + rotl(lane4, 18)
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4)
  } else {
    hash = PRIME_5
  }
  hash += size
  for (; from + 8 <= end; from += 8) {
    hash = rotl(hash ^ round(0, load<u64>(from)), 27) * PRIME_1 + PRIME_4
  }
  if (from + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(from) * PRIME_1), 23) * PRIME_2 + PRIME_3
    from += 4
  }
  for (; from < end; from++) {
    hash = rotl(hash ^ (<u64>load<u8>(from) * PRIME_5), 11) * PRIME_1
  }
  hash = (hash ^ (hash >> 33)) * PRIME_2
  hash = (hash ^ (hash >> 29)) * PRIME_3
  return <u32>(hash ^ (hash >> 32))
}

function round(lane: u64, input: u64): u64 {
  return rotl(lane + input * PRIME_2, 31) * PRIME_1
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4
}
