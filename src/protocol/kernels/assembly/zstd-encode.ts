import { endOfMatch } from './copy'
import { putLiterals } from './zstd-encode-literals'
import {
  addLiterals,
  addSequence,
  literalsSize,
  putSequences,
  sequenceRoom,
  startSequences,
} from './zstd-encode-sequences'

const MAGIC: u32 = 0xfd2fb528

const MAX_BLOCK: usize = 128 * 1024

/** How far back a match may begin: the window of zstd's default level. */
const MAX_DISTANCE: usize = 2 * 1024 * 1024
const WINDOW_LOG: u32 = 21

/** Where eight, and five, bytes of a hash were seen last, as addresses. */
const LONG_BITS: u64 = 14
const SHORT_BITS: u64 = 13
const LONG_SIZE: i32 = 4 << 14
const SHORT_SIZE: i32 = 4 << 13
const LONG: usize = memory.data(LONG_SIZE, 64)
const SHORT: usize = memory.data(SHORT_SIZE, 64)

/** No match is looked for so close to the end, as eight bytes are loaded from the next place on. */
const MARGIN: usize = 9

/** After the first literal only every second place is looked at, and fewer as there are more of them: a match that begins between is found later, and then extended to the front. */
const LITERALS_BEFORE_SKIPS: usize = 32

/** The kinds of blocks. */
const RAW: u32 = 0
const COMPRESSED: u32 = 2

/** The offsets of the last two matches, which are short to write. */
let recent: usize = 0
let earlier: usize = 0

/**
 * Compresses the bytes from `start` to `end` to a frame at `to` (RFC 8878) and returns where that ends: after 10 bytes more than they are and 3 for each 64 KiB at the
 * most, and 1 KiB written ahead. Finds matches as zstd's default level does (ZSTD_dfast), with a hash of eight bytes and one of five;
 * but does not look at every place.
 */
export function zstdCompress(start: usize, end: usize, to: usize): usize {
  memory.fill(LONG, 0, LONG_SIZE)
  memory.fill(SHORT, 0, SHORT_SIZE)
  recent = 1
  earlier = 4
  to = putHeader(to, end - start)
  let at = start
  do {
    const blockEnd = min(at + MAX_BLOCK, end)
    const wasRecent = recent
    const wasEarlier = earlier
    startSequences()
    const done = findSequences(start, at, blockEnd)
    const size = done - at
    let blockTo = putBlock(to + 3, to + 3 + size - (size >> 6) - 2)
    let kind = COMPRESSED
    if (blockTo == 0) {
      // Who reads it knows nothing of these matches.
      recent = wasRecent
      earlier = wasEarlier
      memory.copy(to + 3, at, size)
      blockTo = to + 3 + size
      kind = RAW
    }
    const written = <u32>(blockTo - to - 3)
    const header = u32(done == end) | (kind << 1) | (written << 3)
    store<u16>(to, header)
    store<u8>(to, header >> 16, 2)
    to = blockTo
    at = done
  } while (at < end)
  return to
}

/** Writes the header of a frame that says how large its content is, and returns where it ends. */
function putHeader(to: usize, size: usize): usize {
  store<u32>(to, MAGIC)
  const sizeCode: u32 = size < 256 ? 0 : size < 65792 ? 1 : 2
  const isSingle = size <= MAX_DISTANCE
  store<u8>(to, (sizeCode << 6) | (u32(isSingle) << 5), 4)
  to += 5
  if (!isSingle) store<u8>(to++, (WINDOW_LOG - 10) << 3)
  if (sizeCode == 0) store<u8>(to, <u32>size)
  else if (sizeCode == 1) store<u16>(to, <u32>size - 256)
  else store<u32>(to, <u32>size)
  return to + ((<usize>1) << sizeCode)
}

/** Writes a compressed block, and returns where it ends; or 0 if that would be after `limit`. */
function putBlock(to: usize, limit: usize): usize {
  const literals = literalsSize()
  to = putLiterals(to, literals)
  if (to > limit) return 0
  to = putSequences(to, limit)
  return to > limit ? 0 : to
}

/** Finds the sequences of a block from `at` to `end`, or up to where there are as many as a block may have; returns where it ends. */
function findSequences(start: usize, at: usize, end: usize): usize {
  // Globals are memory, and these are read for each byte.
  let last = recent
  let before = earlier
  let anchor = at
  if (at == start) at++
  const limit = end - MARGIN
  while (at <= limit) {
    const word = load<u64>(at)
    const longEntry = longEntryOf(word)
    const shortEntry = shortEntryOf(word)
    const long = <usize>load<u32>(longEntry)
    const short = <usize>load<u32>(shortEntry)
    store<u32>(longEntry, <u32>at)
    store<u32>(shortEntry, <u32>at)
    let matchEnd: usize
    let noted = at + 2
    if (load<u32>(at + 1) == load<u32>(at + 1 - last)) {
      at++
      matchEnd = endOfMatch(at + 4 - last, at + 4, end)
      addSequence(anchor, at - anchor, matchEnd - at, 1)
    } else {
      const low = at - start > MAX_DISTANCE ? at - MAX_DISTANCE : start
      let candidate: usize
      if (load<u64>(long) == word && long >= low) {
        candidate = long
        matchEnd = endOfMatch(long + 8, at + 8, end)
      } else if (load<u32>(short) == <u32>word && short >= low) {
        // Perhaps more bytes match one further.
        const next = load<u64>(at + 1)
        const nextEntry = longEntryOf(next)
        const nextLong = <usize>load<u32>(nextEntry)
        store<u32>(nextEntry, <u32>at + 1)
        if (load<u64>(nextLong) == next && nextLong > low) {
          at++
          candidate = nextLong
          matchEnd = endOfMatch(nextLong + 8, at + 8, end)
        } else {
          candidate = short
          matchEnd = endOfMatch(short + 4, at + 4, end)
        }
      } else {
        at += (at - anchor) / LITERALS_BEFORE_SKIPS + 1 + usize(at > anchor)
        continue
      }
      const distance = at - candidate
      at = startOfMatch(at, candidate, max(anchor, low + distance))
      before = last
      last = distance
      addSequence(anchor, at - anchor, matchEnd - at, distance + 3)
    }
    anchor = at = matchEnd
    if (at <= limit) {
      note(noted)
      store<u32>(longEntryOf(load<u64>(at - 2)), <u32>at - 2)
      store<u32>(shortEntryOf(load<u64>(at - 1)), <u32>at - 1)
    }
    while (at <= limit && load<u32>(at) == load<u32>(at - before) && sequenceRoom() > 0) {
      const distance = before
      before = last
      last = distance
      note(at)
      matchEnd = endOfMatch(at + 4 - distance, at + 4, end)
      addSequence(at, 0, matchEnd - at, 1)
      anchor = at = matchEnd
    }
    if (sequenceRoom() == 0) {
      end = anchor
      break
    }
  }
  recent = last
  earlier = before
  addLiterals(anchor, end - anchor)
  return end
}

/** Where bytes begin to be the same as those of `candidate`, given that they are so at `at`: not before `low`. */
function startOfMatch(at: usize, candidate: usize, low: usize): usize {
  while (at > low) {
    const difference = load<u64>(at - 8) ^ load<u64>(candidate - 8)
    if (difference != 0) return max(at - (<usize>clz(difference) >> 3), low)
    at -= 8
    candidate -= 8
  }
  return max(at, low)
}

function note(at: usize): void {
  const word = load<u64>(at)
  store<u32>(longEntryOf(word), <u32>at)
  store<u32>(shortEntryOf(word), <u32>at)
}

function longEntryOf(word: u64): usize {
  return LONG + ((<usize>((word * 0xcf1bbcdcb7a56463) >> (64 - LONG_BITS))) << 2)
}

function shortEntryOf(word: u64): usize {
  return SHORT + ((<usize>(((word << 24) * 889523592379) >> (64 - SHORT_BITS))) << 2)
}
