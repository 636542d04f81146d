import { must } from '../../../model/assert.ts'
import type { Hour } from '../../../model/hour.ts'

/**
 * Increments of a record with a name, under one key in one hour. Where several meters make some there, these count together,
 * because a name stands for one content: the second of them would be taken for a repetition.
 */
export type Named = {
  readonly index: number
  readonly key: string
  readonly hour: Hour
  readonly id: string
  readonly counted: CountedValue[]
}

/** A value, and the slice that it counts in. */
export type CountedValue = { readonly slice: string; readonly value: number }

/** Increments of one record come one after the other. */
export function addNamed(ids: Named[], record: Omit<Named, 'counted'>, counted: CountedValue): void {
  for (let i = ids.length - 1; ids[i]?.index === record.index; i--) {
    const own = must(ids[i], 'an increment')
    if (own.key === record.key && own.hour === record.hour && own.id === record.id) {
      own.counted.push(counted)
      return
    }
  }
  ids.push({ ...record, counted: [counted] })
}
