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

type Member = {
  readonly reference: WeakRef<Loaded>
  /** The part of the total that is this member's. */
  counted: Load
}

const NOTHING: Load = { cells: 0, bytes: 0, journalBytes: 0, ids: 0 }

/** Members that each new one makes us look at: more than one, so that dead ones leave faster than others join. */
const LOOKED_AT = 2

/**
 * How much the shards of an isolate hold together, because they share its memory. [I5]
 *
 * The total is kept, and each member says when its part has changed, because adding up all members at each merge made an
 * isolate with a thousand shards spend its time on that. A part that has shrunk unsaid, or whose member is gone, is found
 * when the total reaches a bound: then all members are asked, so nobody is refused by mistake.
 *
 * Members are held by weak references: the platform evicts an object without telling it, and then its memory is free.
 */
export class IsolateLoad {
  /** The member that was looked at longest ago comes first. */
  readonly #members = new Map<string, Member>()
  #total = NOTHING

  /** Adds a member, in place of one that has its name: that is the same shard, which was loaded again. */
  join(name: string, member: Loaded): void {
    this.#leave(name)
    this.#members.set(name, { reference: new WeakRef(member), counted: NOTHING })
    this.update(name)
    for (const [oldest] of [...this.#members.entries().take(LOOKED_AT)]) this.#lookAt(oldest)
  }

  /** Counts a member anew. Call it in the turn in which the member has grown. */
  update(name: string): void {
    const member = this.#members.get(name)
    if (member === undefined) return
    const load = member.reference.deref()?.load
    if (load === undefined) this.#leave(name)
    else this.#count(member, load)
  }

  /** The used part of the bound that is used most; at 1 there is no room for more. Ids count like the others. */
  get ratio(): number {
    this.#updateAll()
    const { cells, bytes, journalBytes, ids } = this.#total
    return Math.max(
      cells / HELD_CELLS_MAX,
      bytes / HELD_BYTES_MAX,
      journalBytes / JOURNAL_BYTES_MAX,
      ids / IDS_MAX,
    )
  }

  /**
   * Whether there is no room for more. Ids count only against flights that bring some, because they stay until their
   * hours close.
   */
  isFull(withIds: boolean): boolean {
    if (!this.#isOver(withIds)) return false
    this.#updateAll()
    return this.#isOver(withIds)
  }

  /** Whether cells and bytes have not reached a part of their bounds. */
  isBelow(part: number): boolean {
    if (this.#isBelow(part)) return true
    this.#updateAll()
    return this.#isBelow(part)
  }

  #isBelow(part: number): boolean {
    const { cells, bytes } = this.#total
    return cells < part * HELD_CELLS_MAX && bytes < part * HELD_BYTES_MAX
  }

  #isOver(withIds: boolean): boolean {
    const { cells, bytes, journalBytes, ids } = this.#total
    return (
      cells >= HELD_CELLS_MAX ||
      bytes >= HELD_BYTES_MAX ||
      journalBytes >= JOURNAL_BYTES_MAX ||
      (withIds && ids >= IDS_MAX)
    )
  }

  #updateAll(): void {
    for (const name of this.#members.keys()) this.update(name)
  }

  /** Counts a member anew and puts it last, if it lives. */
  #lookAt(name: string): void {
    this.update(name)
    const member = this.#members.get(name)
    if (member === undefined) return
    this.#members.delete(name)
    this.#members.set(name, member)
  }

  #leave(name: string): void {
    const member = this.#members.get(name)
    if (member === undefined) return
    this.#count(member, NOTHING)
    this.#members.delete(name)
  }

  #count(member: Member, load: Load): void {
    const { counted } = member
    const { cells, bytes, journalBytes, ids } = this.#total
    this.#total = {
      cells: cells + load.cells - counted.cells,
      bytes: bytes + load.bytes - counted.bytes,
      journalBytes: journalBytes + load.journalBytes - counted.journalBytes,
      ids: ids + load.ids - counted.ids,
    }
    member.counted = load
  }
}
