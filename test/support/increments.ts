import type { CheckedIncrements } from '../../src/edge/ingest/checked-increments.ts'
import { hourAt } from '../../src/edge/ingest/checked-increments.ts'
import { must } from '../../src/model/assert.ts'
import type { Hour } from '../../src/model/hour.ts'
import type { Labels } from '../../src/model/slices/slice.ts'
import { labelsOf, labelsText } from '../../src/model/slices/slice.ts'

/** A checked increment by itself. */
export type Increment = {
  readonly key: string
  readonly value: number
  readonly hour: Hour
  readonly id?: string
  readonly labels?: Labels
}

/** The columns that a reader of requests makes of increments. */
export function columnsOf(increments: readonly Increment[]): CheckedIncrements {
  const ids = increments.map(({ id }) => id)
  const labels = increments.map((increment) => labelsText(increment.labels))
  return {
    keys: increments.map(({ key }) => key),
    values: increments.map(({ value }) => value),
    isPlain: false,
    hours: increments.map(({ hour }) => hour),
    ...(ids.some((id) => id !== undefined) ? { ids } : {}),
    ...(labels.some((text) => text !== '') ? { labels } : {}),
  }
}

/** The inverse of `columnsOf`. */
export function rowsOf(increments: CheckedIncrements): Increment[] {
  const { keys, values, ids, labels } = increments
  return keys.map((key, i) => {
    const value = must(values[i], 'a value')
    const hour = hourAt(increments, i)
    const id = ids?.[i]
    const own = labelsOf(labels?.[i] ?? '')
    return { key, value, hour, ...(id !== undefined && { id }), ...(own !== undefined && { labels: own }) }
  })
}
