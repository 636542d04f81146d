import type { CheckedIncrements } from '../../src/edge/ingest/checked-increments.ts'
import { hourAt } from '../../src/edge/ingest/checked-increments.ts'
import { must } from '../../src/model/assert.ts'
import type { Hour } from '../../src/model/hour.ts'

/** A checked increment by itself. */
export type Increment = {
  readonly key: string
  readonly value: number
  readonly hour: Hour
  readonly id?: string
}

/** The columns that a reader of requests makes of increments. */
export function columnsOf(increments: readonly Increment[]): CheckedIncrements {
  const ids = increments.map(({ id }) => id)
  return {
    keys: increments.map(({ key }) => key),
    values: increments.map(({ value }) => value),
    isPlain: false,
    hours: increments.map(({ hour }) => hour),
    ...(ids.some((id) => id !== undefined) ? { ids } : {}),
  }
}

/** The inverse of `columnsOf`. */
export function rowsOf(increments: CheckedIncrements): Increment[] {
  const { keys, values, ids } = increments
  return keys.map((key, i) => {
    const value = must(values[i], 'a value')
    const hour = hourAt(increments, i)
    const id = ids?.[i]
    return id === undefined ? { key, value, hour } : { key, value, hour, id }
  })
}
