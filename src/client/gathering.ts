import { type Batch, newBatch } from './batch.ts'
import type { Pending } from './increment.ts'

const HOUR_MS = 3_600_000

/** The brackets of a JSON array. */
const EMPTY_BYTES = 2

type Open = { readonly items: Pending[]; bytes: number; readonly haveIds: boolean }

/** Increments that wait for their batch to fill: a batch for each hour, and another for those with ids of their own. */
export class Gathering {
  readonly #open = new Map<string, Open>()
  readonly #bounds: { readonly items: number; readonly bytes: number }
  readonly #newName: () => string

  constructor(bounds: { readonly items: number; readonly bytes: number }, newName: () => string) {
    this.#bounds = bounds
    this.#newName = newName
  }

  get isEmpty(): boolean {
    return this.#open.size === 0
  }

  /** @returns the batches that it has filled: at most one that had no room for it, and one with it. */
  add(pending: Pending): Batch<Pending>[] {
    const { at, id } = pending.increment
    const haveIds = id !== undefined
    const place = `${Math.floor(at / HOUR_MS)} ${haveIds}`
    const filled: Batch<Pending>[] = []
    let open = this.#open.get(place)
    if (open !== undefined && open.bytes + pending.bytes > this.#bounds.bytes) {
      filled.push(this.#close(place, open))
      open = undefined
    }
    open ??= { items: [], bytes: EMPTY_BYTES, haveIds }
    this.#open.set(place, open)
    open.items.push(pending)
    open.bytes += pending.bytes
    if (open.items.length >= this.#bounds.items) filled.push(this.#close(place, open))
    return filled
  }

  /** The batch that has waited longest, or none. */
  takeOne(): Batch<Pending>[] {
    for (const [place, open] of this.#open) return [this.#close(place, open)]
    return []
  }

  takeAll(): Batch<Pending>[] {
    return [...this.#open].map(([place, open]) => this.#close(place, open))
  }

  #close(place: string, { items, haveIds }: Open): Batch<Pending> {
    this.#open.delete(place)
    return newBatch(haveIds ? null : this.#newName(), items)
  }
}
