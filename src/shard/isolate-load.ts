import { HELD_BYTES_MAX, HELD_CELLS_MAX, IDS_MAX, JOURNAL_BYTES_MAX } from '../limits.ts'

/** What one shard object holds in memory and journal. */
export type Load = {
  readonly cells: number
  readonly bytes: number
  readonly journalBytes: number
  readonly ids: number
}

/** Something whose load is counted while it lives. */
export interface Loaded {
  readonly load: Load
}

/**
 * What the shards of an isolate hold together, for they share its memory. [I5]
 *
 * Members are held weakly: the platform evicts an object without telling it, and what an evicted object held in
 * memory is gone with it.
 */
export class IsolateLoad {
  readonly #members = new Map<string, WeakRef<Loaded>>()

  /** A member of a name that is there takes the place of the other: it is the same shard, loaded again. */
  join(name: string, member: Loaded): void {
    this.#members.set(name, new WeakRef(member))
  }

  /** How much of the bounds is used, by that of them of which most is; ids count like the others. */
  get ratio(): number {
    const total = this.#total()
    return Math.max(
      total.cells / HELD_CELLS_MAX,
      total.bytes / HELD_BYTES_MAX,
      total.journalBytes / JOURNAL_BYTES_MAX,
      total.ids / IDS_MAX,
    )
  }

  /** Whether there is no room for more; ids count only for those who bring some, for they stay until hours close. */
  isFull(withIds: boolean): boolean {
    const total = this.#total()
    return (
      total.cells >= HELD_CELLS_MAX ||
      total.bytes >= HELD_BYTES_MAX ||
      total.journalBytes >= JOURNAL_BYTES_MAX ||
      (withIds && total.ids >= IDS_MAX)
    )
  }

  #total(): Load {
    const total = { cells: 0, bytes: 0, journalBytes: 0, ids: 0 }
    for (const [name, reference] of this.#members) {
      const load = reference.deref()?.load
      if (load === undefined) {
        this.#members.delete(name)
        continue
      }
      total.cells += load.cells
      total.bytes += load.bytes
      total.journalBytes += load.journalBytes
      total.ids += load.ids
    }
    return total
  }
}
