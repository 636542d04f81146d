import { REQUEST_BYTES_MAX } from '../../limits.ts'
import { utf8Bytes } from '../../model/utf8.ts'
import type { Item } from './tally.ts'

/** The brackets of a JSON array. */
const EMPTY_BYTES = 2

/** Gathers the increments of one request, bounded in items and in bytes of the JSON array that they make. */
export class Bundle {
  #items: Item[] = []
  #bytes = EMPTY_BYTES
  readonly #itemsMax: number

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  get isFull(): boolean {
    return this.#items.length >= this.#itemsMax
  }

  hasRoomFor(item: Item): boolean {
    return !this.isFull && this.#bytes + sizeOf(item) <= REQUEST_BYTES_MAX
  }

  add(item: Item): void {
    this.#items.push(item)
    this.#bytes += sizeOf(item)
  }

  take(): Item[] {
    const items = this.#items
    this.#items = []
    this.#bytes = EMPTY_BYTES
    return items
  }
}

/** With its comma. */
function sizeOf(item: Item): number {
  return utf8Bytes(item.json) + 1
}
