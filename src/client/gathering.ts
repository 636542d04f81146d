import type { Batch } from './batch.ts'
import type { Held } from './increment.ts'

const HOUR_MS = 3_600_000

/** The brackets of a JSON array. */
const EMPTY_BYTES = 2

type Open = { readonly items: Held[]; bytes: number; readonly isNamed: boolean }

/** What waits for its batch to fill: one for each hour, and those with ids of their own apart. */
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

  /** @returns the batches that it has filled: at most one before it, and one with it. */
  add(held: Held): Batch[] {
    const place = `${Math.floor(held.increment.at / HOUR_MS)} ${held.increment.id !== undefined}`
    const filled: Batch[] = []
    let open = this.#open.get(place)
    if (open !== undefined && open.bytes + held.bytes > this.#bounds.bytes) {
      filled.push(this.#close(place, open))
      open = undefined
    }
    open ??= { items: [], bytes: EMPTY_BYTES, isNamed: held.increment.id !== undefined }
    this.#open.set(place, open)
    open.items.push(held)
    open.bytes += held.bytes
    if (open.items.length >= this.#bounds.items) filled.push(this.#close(place, open))
    return filled
  }

  /** The batch that has waited longest, if there is one. */
  takeOne(): Batch[] {
    for (const [place, open] of this.#open) return [this.#close(place, open)]
    return []
  }

  takeAll(): Batch[] {
    return [...this.#open].map(([place, open]) => this.#close(place, open))
  }

  #close(place: string, { items, isNamed }: Open): Batch {
    this.#open.delete(place)
    return { name: isNamed ? null : this.#newName(), items, isDoubted: false, isRest: false }
  }
}
