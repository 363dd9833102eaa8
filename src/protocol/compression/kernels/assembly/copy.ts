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

/** The same for a distance below 16: what is repeated is written out once, until it is long enough to be copied in larger pieces. */
function copyPattern(to: usize, distance: usize, end: usize): void {
  const from = to - distance
  const widened = distance * (15 / distance + 1)
  const wide = min(from + distance + widened, end)
  while (to < wide) {
    store<u8>(to, load<u8>(to - distance))
    to++
  }
  while (to < end) {
    v128.store(to, v128.load(to - widened))
    to += 16
  }
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
