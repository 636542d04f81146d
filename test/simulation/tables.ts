import type { Cell } from '../../src/model/cell.ts'
import { mergeCells } from '../../src/model/cell.ts'
import type { Hour } from '../../src/model/hour.ts'

/** A UTC day, as whole days since 1970. */
export type Day = number

/** A writer's row in the ledger. */
export type Ledger = {
  readonly shard: string
  readonly seq: number
  readonly batch: string | null
  readonly sealed: boolean
  readonly increments: number
}

/** A day's row in `rollups`. Nobody ever sees `building`, because the transaction that sets it also ends it. */
export type Rollup = {
  readonly state: 'stale' | 'partial' | 'good' | 'gone'
  /** The first key that is not made, of a day that is `partial`. */
  readonly madeBelow?: string | undefined
  readonly changed: number
  readonly changedMs: number | null
}

/** Everything that is committed. Rows of slices stand under the slice in place of the key. */
export type Tables = {
  readonly counters: Map<string, Cell>
  readonly slices: Map<string, Cell>
  readonly ledger: Map<string, Ledger>
  readonly days: Map<string, Cell>
  readonly sliceDays: Map<string, Cell>
  readonly rollups: Map<Day, Rollup>
  /** All that was ever added to `counters` and `slices`. No statement reads it, and none deletes from it. */
  readonly everCounters: Map<string, Cell>
  readonly everSlices: Map<string, Cell>
}

export function copyTables(tables: Tables): Tables {
  return {
    counters: new Map(tables.counters),
    slices: new Map(tables.slices),
    ledger: new Map(tables.ledger),
    days: new Map(tables.days),
    sliceDays: new Map(tables.sliceDays),
    rollups: new Map(tables.rollups),
    everCounters: new Map(tables.everCounters),
    everSlices: new Map(tables.everSlices),
  }
}

export function noTables(): Tables {
  const rows = () => new Map<string, Cell>()
  return {
    counters: rows(),
    slices: rows(),
    ledger: new Map(),
    days: rows(),
    sliceDays: rows(),
    rollups: new Map(),
    everCounters: rows(),
    everSlices: rows(),
  }
}

export function addTo(rows: Map<string, Cell>, place: string, cell: Cell): void {
  const held = rows.get(place)
  rows.set(place, held === undefined ? cell : mergeCells(held, cell))
}

/** Key (or slice) and hour as one text; or key and day. */
export function placeOf(key: string, time: Hour | Day): string {
  return `${time} ${key}`
}

/** The key or slice, and the hour or day, of a place. */
export function partsOf(place: string): { readonly key: string; readonly time: number } {
  const space = place.indexOf(' ')
  return { key: place.slice(space + 1), time: Number(place.slice(0, space)) }
}

export function dayOf(hour: number): Day {
  return Math.floor(hour / 24)
}

/** The rows of hours of a day, added up. */
export function sumsOf(hours: ReadonlyMap<string, Cell>, day: Day): Map<string, Cell> {
  const sums = new Map<string, Cell>()
  for (const [place, cell] of hours) {
    const { key, time } = partsOf(place)
    if (dayOf(time) === day) addTo(sums, placeOf(key, day), cell)
  }
  return sums
}

/** The rows of a day in `days` or `slice_days`. */
export function rowsOf(days: ReadonlyMap<string, Cell>, day: Day): Map<string, Cell> {
  return new Map([...days].filter(([place]) => partsOf(place).time === day))
}
