/**
 * Sums and counts by the number of a key. Columns instead of objects: hundreds of thousands of them must not have
 * the garbage collector interrupt who measures. A value survives the way between threads as a plain object.
 */
export class Counted {
  sums = new Float64Array(1024)
  counts = new Uint32Array(1024)

  /** Far below 2^53 in all, so that a double is exact. */
  add(key: number, value: number): void {
    if (key >= this.sums.length) this.#grow(key)
    this.sums[key] = (this.sums[key] ?? 0) + value
    this.counts[key] = (this.counts[key] ?? 0) + 1
  }

  #grow(key: number): void {
    const length = Math.max(key + 1, this.sums.length * 2)
    const { sums, counts } = this
    this.sums = new Float64Array(length)
    this.sums.set(sums)
    this.counts = new Uint32Array(length)
    this.counts.set(counts)
  }
}
