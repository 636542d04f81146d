/** Bytes that are gathered until what they belong to is whole. */
export class Buffer {
  #bytes = new Uint8Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.byteLength
    if (length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.byteLength))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** All bytes, until more are appended. It is empty from now on. */
  take(): Uint8Array {
    const all = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return all
  }

  /** The bytes before these and these, as one. It is empty from now on. */
  with(piece: Uint8Array): Uint8Array {
    if (this.#length === 0) return piece
    this.append(piece)
    return this.take()
  }
}
