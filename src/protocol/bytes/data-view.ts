const MAX_HELD_BYTES = 64 * 1024

let last: DataView = new DataView(new ArrayBuffer(0))

/**
 * A view of a whole buffer. Small arrays share theirs (see allocate), so that the view of the last buffer nearly always serves the next array
 * as well: to make one takes longer than to read a small message with it.
 */
export function dataViewOf(buffer: ArrayBufferLike): DataView {
  // Those that are large are not held on to.
  if (buffer.byteLength > MAX_HELD_BYTES) return new DataView(buffer)
  if (last.buffer !== buffer) last = new DataView(buffer)
  return last
}
