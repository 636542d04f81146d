import { OVERFLOWED_SHOWN_MAX } from '../../limits.ts'
import { cellBytes } from '../cell.ts'
import type { Cells } from '../cells.ts'
import { isLabelled, isOverflow, keyOf, OVERFLOW } from './slice.ts'

/**
 * Which label sets a shard has met of each key in its hour. It decides, before the journal, in which slice a labelled cell
 * counts, so that a replay decides nothing. [L2]
 *
 * It lives in memory alone: a new instance begins with what the shard holds.
 */
export class LabelSets {
  /** The slices of all keys, without overflow slices. In one set, because nearly every slice that comes is in it. */
  readonly #slices = new Set<string>()
  /** How many of them each key has. */
  readonly #counts = new Map<string, number>()
  readonly #overflowed = new Set<string>()
  #bytes = 0

  /** Label sets, over all keys. */
  get size(): number {
    return this.#slices.size
  }

  /** An upper bound of their texts' bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keys that have an overflow slice: not all when there are many. */
  get overflowed(): ReadonlySet<string> {
    return this.#overflowed
  }

  /** Remembers the label sets of cells that the shard holds. */
  add(cells: Cells): void {
    for (const slice of cells.keys) {
      if (!this.#slices.has(slice) && isLabelled(slice)) this.#add(keyOf(slice), slice)
    }
  }

  /**
   * Decides in which slice a cell counts: in its own, or in its key's overflow slice once there are too many. Remembers it.
   *
   * @param max label sets of one key.
   * @param hasRoom whether the shard has room for new ones. Asked only for those.
   */
  place(slice: string, max: number, hasRoom: () => boolean): string {
    if (this.#slices.has(slice) || !isLabelled(slice)) return slice
    const key = keyOf(slice)
    const placed = (this.#counts.get(key) ?? 0) >= max || !hasRoom() ? key + OVERFLOW : slice
    this.#add(key, placed)
    return placed
  }

  /** @param slice one that is not known, or an overflow slice. */
  #add(key: string, slice: string): void {
    if (isOverflow(slice)) {
      // For `/status`, which shows a few.
      if (this.#overflowed.size < OVERFLOWED_SHOWN_MAX) this.#overflowed.add(key)
      return
    }
    this.#slices.add(slice)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    this.#bytes += cellBytes(slice)
  }
}
