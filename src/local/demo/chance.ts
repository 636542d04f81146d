/** Numbers in [0, 1) that look random and are the same for the same seed: mulberry32. */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How many events happen when so many are expected and they are independent: Poisson's law, and past 50 its bell curve. */
export function countOf(expected: number, chance: () => number): number {
  if (expected > 50) {
    const bell = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
    return Math.max(0, Math.round(expected + Math.sqrt(expected) * bell))
  }
  const limit = Math.exp(-expected)
  let count = 0
  for (let product = chance(); product > limit; product *= chance()) count += 1
  return count
}
