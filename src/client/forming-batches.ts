import { newBatch, type RequestBatch } from './batch.ts'
import type { Pending } from './increment.ts'
import { BATCH_HOURS_MAX, BATCH_MIXED_MAX } from './limits.ts'

const HOUR_MS = 3_600_000

/** The brackets of a JSON array. */
const EMPTY_BYTES = 2

type FormingBatch = { readonly items: Pending[]; bytes: number; readonly haveIds: boolean }

/**
 * Increments that wait for their batch to fill. They gather by hour, and those with ids of their own apart. What has not
 * filled a batch leaves together with neighbours of other hours: an old log with ten increments an hour would otherwise
 * make a request of each hour.
 */
export class FormingBatches {
  readonly #open = new Map<string, FormingBatch>()
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
  add(pending: Pending): RequestBatch<Pending>[] {
    const { at, id } = pending.increment
    const haveIds = id !== undefined
    const place = `${Math.floor(at / HOUR_MS)} ${haveIds}`
    const filled: RequestBatch<Pending>[] = []
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

  /** The increments that have waited longest, with as many of other hours as one request may carry; or nothing. */
  takeOne(): RequestBatch<Pending>[] {
    const taken: FormingBatch[] = []
    let [items, bytes] = [0, EMPTY_BYTES]
    for (const [place, open] of this.#open) {
      const [first = open] = taken
      if (open.haveIds !== first.haveIds) continue
      items += open.items.length
      bytes += open.bytes - EMPTY_BYTES
      const isTooMuch = items > Math.min(BATCH_MIXED_MAX, this.#bounds.items) || bytes > this.#bounds.bytes
      if (taken.length > 0 && isTooMuch) break
      this.#open.delete(place)
      taken.push(open)
      if (taken.length === BATCH_HOURS_MAX) break
    }
    return taken.length === 0 ? [] : [this.#batchOf(taken)]
  }

  takeAll(): RequestBatch<Pending>[] {
    const batches: RequestBatch<Pending>[] = []
    while (this.#open.size > 0) batches.push(...this.takeOne())
    return batches
  }

  #close(place: string, open: FormingBatch): RequestBatch<Pending> {
    this.#open.delete(place)
    return this.#batchOf([open])
  }

  #batchOf(taken: readonly FormingBatch[]): RequestBatch<Pending> {
    const haveIds = taken.some((open) => open.haveIds)
    return newBatch(
      haveIds ? null : this.#newName(),
      taken.flatMap(({ items }) => items),
    )
  }
}
