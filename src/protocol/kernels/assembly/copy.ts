/**
 * Copies within the memory, as codecs need them. All of them may write up to SLACK bytes past the end of what they copy, and read as many: whoever
 * gives memory to the kernels leaves that much room after every range.
 */

/** Copies `size` bytes between ranges that do not overlap. */
export function copyApart(to: usize, from: usize, size: usize): void {
  if (size > 64) {
    memory.copy(to, from, size)
    return
  }
  const end = to + size
  do {
    v128.store(to, v128.load(from))
    to += 16
    from += 16
  } while (to < end)
}

/** Writes `size` bytes that are those `distance` before, which may be among them; `distance` is not 0. */
export function copyBack(to: usize, distance: usize, size: usize): void {
  const end = to + size
  if (distance >= 16) {
    let from = to - distance
    do {
      v128.store(to, v128.load(from))
      to += 16
      from += 16
    } while (to < end)
    return
  }
  copyPattern(to, distance, end)
}

/** For each distance below 16: which of so many bytes come in 16 that repeat them. */
const PATTERNS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0,
  1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1,
  2, 3, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 0, 1, 2, 3, 4,
  5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2,
  3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4, 0, 1, 2,
  3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8,
  9, 10, 11, 12, 13, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
])

/** How many of those bytes are whole repetitions. */
const PATTERN_SIZES: usize = memory.data<u8>([16, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15])

/** The same for a distance below 16: what is repeated is spread over 16 bytes, which are written as often as it takes. */
function copyPattern(to: usize, distance: usize, end: usize): void {
  const bytes = i8x16.swizzle(v128.load(to - distance), v128.load(PATTERNS + (distance << 4)))
  const size = <usize>load<u8>(PATTERN_SIZES + distance)
  do {
    v128.store(to, bytes)
    to += size
  } while (to < end)
}

/** Where the bytes from `ahead` stop being those from `behind`; `end` at the latest. */
export function endOfMatch(behind: usize, ahead: usize, end: usize): usize {
  while (ahead + 8 <= end) {
    const difference = load<u64>(ahead) ^ load<u64>(behind)
    if (difference != 0) return ahead + (<usize>ctz(difference) >> 3)
    ahead += 8
    behind += 8
  }
  while (ahead < end && load<u8>(ahead) == load<u8>(behind)) {
    ahead++
    behind++
  }
  return ahead
}
