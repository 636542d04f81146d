import type { Held } from './increment.ts'

/**
 * Increments of one hour in one request. Of one hour, for then it closes for all of them or for none: a batch of two
 * hours that was partly counted could not be sent any more once the first of them has closed.
 */
export type Batch = {
  /** Its Idempotency-Key; null when its increments have ids of their own. */
  readonly name: string | null
  readonly items: readonly Held[]
  /** Some try may have counted some of it under this name. */
  readonly isDoubted: boolean
  /** Some try under this name had more items than these. */
  readonly isRest: boolean
}

/** The same text each time: an Idempotency-Key stands for one content. */
export function bodyOf({ items }: Batch): string {
  return `[${items.map(({ json }) => json).join(',')}]`
}

/** Of the body, in UTF-8: the commas are counted with the items, one too many, and two brackets. */
export function bytesOf({ items }: Batch): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 1)
}

/**
 * What is left after some items were refused. Of a batch that may have been counted the rest keeps the name: a shard
 * that had counted the whole then answers that it was counted before, with other content, instead of counting it
 * again. Any other gets a new name.
 */
export function restOf(batch: Batch, isLeft: (item: Held) => boolean, newName: () => string): Batch {
  const items = batch.items.filter(isLeft)
  if (batch.name === null || batch.isDoubted) return { ...batch, items, isRest: true }
  return { ...batch, items, name: newName() }
}

/** Undefined when it cannot be cut: one increment, or a name that may have counted all of it. */
export function halvesOf(batch: Batch, newName: () => string): readonly [Batch, Batch] | undefined {
  const { items, name } = batch
  if (items.length < 2 || (name !== null && batch.isDoubted)) return undefined
  const middle = Math.ceil(items.length / 2)
  const half = (part: readonly Held[]): Batch => ({
    ...batch,
    items: part,
    name: name === null ? null : newName(),
  })
  return [half(items.slice(0, middle)), half(items.slice(middle))]
}
