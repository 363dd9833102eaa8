const MAX_HELD_BYTES = 64 * 1024

let last: DataView = new DataView(new ArrayBuffer(0))
let beforeLast: DataView = last

/**
 * A view of a whole buffer. Small arrays share theirs (see allocate), so that the views of the last two buffers nearly always serve the next array
 * as well: to make one takes longer than to read a small message with it.
 */
export function dataViewOf(buffer: ArrayBufferLike): DataView {
  // Those that are large are not held on to.
  if (buffer.byteLength > MAX_HELD_BYTES) return new DataView(buffer)
  if (last.buffer === buffer) return last
  const view = beforeLast.buffer === buffer ? beforeLast : new DataView(buffer)
  beforeLast = last
  last = view
  return view
}
