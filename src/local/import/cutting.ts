import type { Hour } from '../../model/hour.ts'

/** Bounds that decide where batches are cut. Changing one changes the names of batches: see `nameOf`. */
export type BatchBounds = {
  /** Lines of one batch. */
  readonly lines: number
  /** Stable bytes of the lines of one batch, unless a single line has more. */
  readonly bytes: number
  /** Lines of all open batches together, and their bytes. */
  readonly openLines: number
  readonly openBytes: number
}

/**
 * A batch is a tenth of what the server takes: 1,000 lines make at most 1.1 MB of keys and times, and 512 KiB or a single
 * line of 1 MiB as NDJSON, while the server takes 10,000 increments and 4 MiB. So no batch is ever too large for it.
 *
 * Open batches are bounded for the sake of memory. An input in the order of time has one or two hours open and never
 * comes near the bound. One that is sorted by key has all its hours open; with 720 of them (a month) each batch then has
 * some 139 lines.
 */
export const CUT_BOUNDS: BatchBounds = {
  lines: 1_000,
  bytes: 512 * 1024,
  openLines: 100_000,
  openBytes: 16 * 1024 * 1024,
}

/** One line of the input, with what it counts. */
export type CutLine<Item> = {
  /** Null when the line names no hour that anybody understands. */
  readonly hour: Hour | null
  /** Bytes of the line that stay as they are, so that a last line takes as much room when it is complete the next time. */
  readonly bytes: number
  /** Null when nothing of the line is sent. It takes its place in the batch all the same. */
  readonly item: Item | null
}

export type Cut<Item> = { readonly name: string | null; readonly items: readonly Item[] }

type OpenCut<Item> = { readonly name: string | null; readonly items: Item[]; lines: number; bytes: number }

/**
 * Cuts an input into batches of one hour each, as the content of the input alone decides: the same lines always make the
 * same batches, however the input arrives, whatever the server answers, and wherever an earlier run was killed.
 *
 * A line whose hour is known takes its place whether it is counted or not. Otherwise a run that refuses other lines (by
 * `--format`, or in another version) would cut elsewhere, and a line could be counted once in each of two batches.
 */
export class Cutter<Item> {
  readonly #bounds: BatchBounds
  readonly #open = new Map<Hour | null, OpenCut<Item>>()
  #lines = 0
  #bytes = 0

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds
  }

  get isEmpty(): boolean {
    return this.#open.size === 0
  }

  /**
   * @param nameIt called when this line opens a batch
   * @returns the batches that are complete now
   */
  add({ hour, bytes, item }: CutLine<Item>, nameIt: () => string | null): Cut<Item>[] {
    const complete: Cut<Item>[] = []
    let open = this.#open.get(hour)
    if (open !== undefined && open.bytes + bytes > this.#bounds.bytes) {
      complete.push(this.#close(hour, open))
      open = undefined
    }
    open ??= { name: nameIt(), items: [], lines: 0, bytes: 0 }
    this.#open.set(hour, open)
    if (item !== null) open.items.push(item)
    open.lines += 1
    open.bytes += bytes
    this.#lines += 1
    this.#bytes += bytes
    if (open.lines >= this.#bounds.lines) complete.push(this.#close(hour, open))
    complete.push(...this.#makeRoom())
    return complete.filter(({ items }) => items.length > 0)
  }

  /** Closes every open batch: the input has ended. */
  takeAll(): Cut<Item>[] {
    return [...this.#open]
      .map(([hour, open]) => this.#close(hour, open))
      .filter(({ items }) => items.length > 0)
  }

  /** Closes the batches that were opened first, until the others keep to the bounds. */
  #makeRoom(): Cut<Item>[] {
    const closed: Cut<Item>[] = []
    for (const [hour, open] of this.#open) {
      if (this.#lines <= this.#bounds.openLines && this.#bytes <= this.#bounds.openBytes) break
      closed.push(this.#close(hour, open))
    }
    return closed
  }

  #close(hour: Hour | null, open: OpenCut<Item>): Cut<Item> {
    this.#open.delete(hour)
    this.#lines -= open.lines
    this.#bytes -= open.bytes
    return { name: open.name, items: open.items }
  }
}
