/** Where the fields of a v0 or v1 message are, in bytes from its start. Offset, size and magic are where a v2 batch has them. */
export const MESSAGE_AT = { CRC: 12, MAGIC: 16, ATTRIBUTES: 17, TIMESTAMP: 18 } as const

/** Where the key's length is, in v0 and in v1. */
export const KEY_LENGTH_AT: readonly [number, number] = [18, 26]

/** Sizes of the smallest messages, with null key and value. */
export const MIN_MESSAGE_SIZE: readonly [number, number] = [26, 34]
