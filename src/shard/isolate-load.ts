import { HELD_BYTES_MAX, HELD_CELLS_MAX, IDS_MAX, JOURNAL_BYTES_MAX } from '../limits.ts'

/** How much one shard holds in memory and journal. */
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
 * How much the shards of an isolate hold together, because they share its memory. [I5]
 *
 * Members are held by weak references: the platform evicts an object without telling it, and then its memory is free.
 */
export class IsolateLoad {
  readonly #members = new Map<string, WeakRef<Loaded>>()

  /** Adds a member, in place of one that has its name: that is the same shard, which was loaded again. */
  join(name: string, member: Loaded): void {
    this.#members.set(name, new WeakRef(member))
  }

  /** The used part of the bound that is used most; at 1 there is no room for more. Ids count like the others. */
  get ratio(): number {
    const total = this.#total()
    return Math.max(
      total.cells / HELD_CELLS_MAX,
      total.bytes / HELD_BYTES_MAX,
      total.journalBytes / JOURNAL_BYTES_MAX,
      total.ids / IDS_MAX,
    )
  }

  /**
   * Whether there is no room for more. Ids count only against flights that bring some, because they stay until their
   * hours close.
   */
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
