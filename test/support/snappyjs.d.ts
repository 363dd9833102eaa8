declare module 'snappyjs' {
  const snappyjs: { compress(bytes: Uint8Array): Uint8Array; uncompress(block: Uint8Array): Uint8Array }
  // The package is a CommonJS module, whose exports are its default.
  // oxlint-disable-next-line import/no-default-export
  export default snappyjs
}
