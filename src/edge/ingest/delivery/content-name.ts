import { createHash } from 'node:crypto'
import { DELIVERY_PART_BYTES } from '../../../limits.ts'

/** The name that a delivery has from its content. [N1] */
export type ContentName = {
  readonly digest: string
  /** The parts that each shard gets: a power of two that follows from the body's length alone. */
  readonly parts: number
}

/**
 * Makes the name of a delivery while its body is read: SHA-256 over the token's name, the route, the meters that apply and
 * the decompressed body. So the same bytes count once under each token, on each route and by each meter. [N1]
 *
 * @param meters the meters as text, whatever else decides how records become increments among them.
 */
export class ContentHash {
  readonly #hash = createHash('sha256')
  #bytes = 0

  constructor(token: string, route: string, meters: string) {
    // JSON has no line feed, so the body begins after the first one, whatever the texts before it are.
    this.#hash.update(`${JSON.stringify([token, route, meters])}\n`)
  }

  /** The bytes of the body so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a piece of the body, decompressed. */
  update(piece: Uint8Array): void {
    this.#hash.update(piece)
    this.#bytes += piece.byteLength
  }

  end(): ContentName {
    let parts = 1
    while (this.#bytes > parts * DELIVERY_PART_BYTES) parts *= 2
    return { digest: this.#hash.digest('base64url'), parts }
  }
}
