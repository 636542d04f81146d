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
  /** The slices of each key, without its overflow slice. */
  readonly #slices = new Map<string, Set<string>>()
  readonly #overflowed = new Set<string>()
  #size = 0
  #bytes = 0

  /** Label sets, over all keys. */
  get size(): number {
    return this.#size
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
    for (const slice of cells.keys) if (isLabelled(slice)) this.#add(keyOf(slice), slice)
  }

  /**
   * Decides in which slice a cell counts: in its own, or in its key's overflow slice once there are too many. Remembers it.
   *
   * @param max label sets of one key.
   * @param hasRoom whether the shard has room for new ones. Asked only for those.
   */
  place(slice: string, max: number, hasRoom: () => boolean): string {
    if (!isLabelled(slice)) return slice
    const key = keyOf(slice)
    const known = this.#slices.get(key)
    const isNew = known?.has(slice) !== true
    const placed = isNew && ((known?.size ?? 0) >= max || !hasRoom()) ? key + OVERFLOW : slice
    this.#add(key, placed)
    return placed
  }

  #add(key: string, slice: string): void {
    if (isOverflow(slice)) {
      // For `/status`, which shows a few.
      if (this.#overflowed.size < OVERFLOWED_SHOWN_MAX) this.#overflowed.add(key)
      return
    }
    const known = this.#slices.get(key) ?? new Set()
    if (known.has(slice)) return
    known.add(slice)
    this.#slices.set(key, known)
    this.#size += 1
    this.#bytes += cellBytes(slice)
  }
}
