/** 2^32 ns are so many ms and so many ns. */
const HIGH_MS = 4_294
const HIGH_NS = 967_296

const NS_PER_MS = 1e6

/**
 * Epoch ms of a time less 1 ns, from the two halves of its 64 bits in ns. A double holds 53 bits, and each step here
 * needs no more.
 *
 * @returns undefined for 0, which stands for no time.
 */
export function msOfHalves(high: number, low: number): number | undefined {
  if (high === 0 && low === 0) return undefined
  return high * HIGH_MS + Math.floor((high * HIGH_NS + low - 1) / NS_PER_MS)
}

/** Epoch ms of a time less 1 ns, from its decimal digits in ns; undefined for 0 and for what is no such time. */
export function msOfDigits(digits: string): number | undefined {
  if (!/^\d{1,20}$/.test(digits)) return undefined
  const ms = Number(digits.slice(0, -6))
  const ns = Number(digits.slice(-6))
  if (ms === 0 && ns === 0) return undefined
  return ns === 0 ? ms - 1 : ms
}
