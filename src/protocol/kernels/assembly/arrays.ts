/** Arrays of numbers in the memory. */

export function at32(table: usize, index: u32): u32 {
  return load<u32>(table + (index << 2))
}

export function set32(table: usize, index: u32, value: u32): void {
  store<u32>(table + (index << 2), value)
}

export function increment(table: usize, index: u32): void {
  set32(table, index, at32(table, index) + 1)
}

/** The logarithm with a straight line between powers of two, which is right to a tenth. */
export function smoothLog2(value: u32): f32 {
  const whole: u32 = 31 - clz(value)
  return <f32>whole + <f32>value / <f32>((<u32>1) << whole) - 1
}
