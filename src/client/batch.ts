import type { Outgoing } from './increment.ts'

/**
 * Increments that go in one request. When one of their hours closes between two tries, the server refuses those of that
 * hour by name, and the rest goes on under the name that it had: a shard of another hour either knows the name, or counts.
 */
export type RequestBatch<Item extends Outgoing = Outgoing> = {
  /** The Idempotency-Key; null when the increments have ids of their own. */
  readonly name: string | null
  readonly items: readonly Item[]
  /**
   * The name follows from what is counted, so another process may have sent it before, with more items or with others.
   * Then no item may ever go under another name, or a later process that sends all of them would count some twice.
   */
  readonly isDerived: boolean
  /** Some try under this name may have counted some of the items. */
  readonly isDoubted: boolean
  /** Some try under this name had more items than these. */
  readonly isRest: boolean
}

/** A batch before its first try. */
export function newBatch<Item extends Outgoing>(
  name: string | null,
  items: readonly Item[],
  isDerived = false,
): RequestBatch<Item> {
  return { name, items, isDerived, isDoubted: false, isRest: false }
}

/** The request's body. It is the same text each time, because an Idempotency-Key stands for one content. */
export function bodyOf({ items }: RequestBatch): string {
  return `[${items.map(({ json }) => json).join(',')}]`
}

/** Bytes of the body in UTF-8: two brackets, and the items with their commas, of which there is one too many. */
export function bytesOf({ items }: RequestBatch): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 1)
}

/**
 * The batch that is left after some items were refused. It keeps its name if the name may have counted the whole: a shard
 * that did then answers that the name was used with other content, and counts nothing again. Otherwise it gets a new name.
 */
export function restOf<Item extends Outgoing>(
  batch: RequestBatch<Item>,
  isLeft: (item: Item) => boolean,
  newName: () => string,
): RequestBatch<Item> {
  const items = batch.items.filter(isLeft)
  if (batch.name === null || batch.isDoubted || batch.isDerived) return { ...batch, items, isRest: true }
  return { ...batch, items, name: newName() }
}

/** Two batches in place of one; undefined for a single item, or for a name that may have counted the whole batch. */
export function halvesOf<Item extends Outgoing>(
  batch: RequestBatch<Item>,
  newName: () => string,
): readonly [RequestBatch<Item>, RequestBatch<Item>] | undefined {
  const { items, name } = batch
  if (items.length < 2 || (name !== null && (batch.isDoubted || batch.isDerived))) return undefined
  const middle = Math.ceil(items.length / 2)
  const half = (part: readonly Item[]): RequestBatch<Item> => ({
    ...batch,
    items: part,
    name: name === null ? null : newName(),
  })
  return [half(items.slice(0, middle)), half(items.slice(middle))]
}
