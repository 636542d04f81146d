import type { Cell } from '../../../src/model/cell.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { DAY_MS, hourStartMs } from '../../../src/model/hour.ts'
import type { Made } from '../../../src/model/rollups/rollups.ts'
import { isLabelled, keyOf } from '../../../src/model/slices/slice.ts'
import type { Day, Rollup, Tables } from '../tables.ts'
import { addTo, dayOf, partsOf, placeOf, rowsOf, sumsOf } from '../tables.ts'

/** Whether a batch marks its day. It is judged in the statement, by the clock of Postgres. */
export function isOld(hour: Hour, nowMs: number): boolean {
  return hourStartMs(hour) <= nowMs - MARKED_MS
}

const MARKED_MS = 2 * DAY_MS
const MADE_MS = 3 * DAY_MS
const QUIET_MS = DAY_MS / 24

/** The last thing that a batch does. An upsert acts on the newest row, whatever its statement's snapshot has. */
export function mark(tables: Tables, { hour, cells }: Batch, nowMs: number): Rollup['state'] {
  const day = dayOf(hour)
  const row = tables.rollups.get(day)
  const state = row?.state === 'gone' ? 'gone' : 'stale'
  tables.rollups.set(day, { state, changed: (row?.changed ?? 0) + 1, changedMs: nowMs })
  if (state !== 'gone') return state
  for (const [slice, cell] of cells) {
    addTo(tables.days, placeOf(keyOf(slice), day), cell)
    if (isLabelled(slice)) addTo(tables.sliceDays, placeOf(slice, day), cell)
  }
  return state
}

/** Days that need making, those that never were made first. A list is old as soon as it is there. */
export function listToMake({ counters, rollups }: Tables, nowMs: number): Day[] {
  const ended = (day: Day) => (day + 1) * DAY_MS <= nowMs - MADE_MS
  const never = new Set<Day>()
  for (const place of counters.keys()) never.add(dayOf(partsOf(place).time))
  const stale = [...rollups].flatMap(([day, { state, changedMs }]) =>
    (state === 'stale' || state === 'partial') && (changedMs ?? 0) <= nowMs - QUIET_MS ? [day] : [],
  )
  const days = [...[...never].filter((day) => !rollups.has(day)).sort((a, b) => a - b), ...stale]
  return days.filter(ended)
}

/** The rows that a transaction makes a piece of a day from, and the first key that it does not have. */
type Snapshot = Pick<Tables, 'counters' | 'slices'> & {
  readonly beyond: string | undefined
  readonly rows: number
}

/** Rows of an hour that a piece has, so few that most days have several pieces. */
export const PIECE_ROWS = 1

/** The transaction of two statements that makes a piece of a day. Each function is one of its instants. */
export class Making {
  readonly #tables: Tables
  readonly #day: Day
  readonly #changed: () => void
  #first = ''
  #snapshot: Snapshot | undefined

  /** @param changed is called when the day has been written. */
  constructor(tables: Tables, day: Day, changed: () => void) {
    this.#tables = tables
    this.#day = day
    this.#changed = changed
  }

  /** The first statement has the day's row. @returns whether it sets `building`, or the transaction does nothing. */
  begin(): boolean {
    const row = this.#tables.rollups.get(this.#day)
    this.#first = (row?.state === 'partial' ? row.madeBelow : undefined) ?? ''
    return row === undefined || row.state === 'stale' || row.state === 'partial'
  }

  /** The second statement takes its snapshot. */
  look(): void {
    const { counters, slices } = this.#tables
    const beyond = firstBeyond(this.#tables, this.#day, this.#first)
    const isOfPiece = this.#isBelow(beyond)
    const [own, ofSlices] = [counters, slices].map((rows) => only(rows, isOfPiece))
    if (own === undefined || ofSlices === undefined) throw new Error('there are two tables')
    const sums = { counters: sumsOf(own, this.#day), slices: sumsOf(ofSlices, this.#day) }
    this.#snapshot = { ...sums, beyond, rows: sums.counters.size + sums.slices.size }
  }

  /** Whether a place is of this piece, which ends before a key. */
  #isBelow(beyond: string | undefined): (place: string) => boolean {
    return (place) => {
      const key = keyOf(partsOf(place).key)
      return key >= this.#first && (beyond === undefined || key < beyond)
    }
  }

  /** The second statement writes the rows of the piece, and the transaction commits. */
  write(): Made {
    if (this.#snapshot === undefined) throw new Error('a statement has no snapshot')
    const { counters, slices, beyond, rows } = this.#snapshot
    const { days, sliceDays, rollups } = this.#tables
    const isOfPiece = this.#isBelow(beyond)
    replace(days, only(rowsOf(days, this.#day), isOfPiece), counters)
    replace(sliceDays, only(rowsOf(sliceDays, this.#day), isOfPiece), slices)
    const { changed = 0, changedMs = null } = rollups.get(this.#day) ?? {}
    const state = beyond === undefined ? 'good' : 'partial'
    rollups.set(this.#day, { state, madeBelow: beyond, changed, changedMs })
    this.#changed()
    return beyond === undefined
      ? { kind: 'made', rows }
      : { kind: 'partly_made', rows, isFirst: this.#first === '' }
  }
}

function only(rows: ReadonlyMap<string, Cell>, isWanted: (place: string) => boolean): Map<string, Cell> {
  return new Map([...rows].filter(([place]) => isWanted(place)))
}

/** The first key that a piece does not have; undefined when it has all from its first. */
function firstBeyond({ counters, slices }: Tables, day: Day, first: string): string | undefined {
  const beyond = [counters, slices].flatMap((rows) => {
    const places = [...rows.keys()].map(partsOf).filter(({ time }) => dayOf(time) === day)
    const byHour = Map.groupBy(places, ({ time }) => time)
    return [...byHour.values()].flatMap((own) => {
      const keys = own.map(({ key }) => keyOf(key)).filter((key) => key > first)
      return keys.sort()[PIECE_ROWS] ?? []
    })
  })
  return beyond.sort()[0]
}

function replace<T>(rows: Map<string, T>, old: Iterable<readonly [string, T]>, now: Iterable<[string, T]>) {
  for (const [place] of old) rows.delete(place)
  for (const [place, cell] of now) rows.set(place, cell)
}

/** Whole days of hours that may be deleted, whose days may be used for ever. */
export function listToGo({ rollups }: Tables, before: Hour): Day[] {
  return [...rollups].flatMap(([day, { state }]) =>
    state === 'good' && (day + 1) * 24 <= before ? [day] : [],
  )
}

/** Sets a day whose row is held or free from `good` to `gone`, for ever. */
export function setGone({ rollups }: Tables, day: Day): void {
  const row = rollups.get(day)
  if (row?.state === 'good') rollups.set(day, { ...row, state: 'gone' })
}

/** Deletes some hours of days that have gone, the oldest first. A sum stays while a slice of it does. */
export function deleteSome(tables: Tables, table: 'slices' | 'counters', before: Hour, most: number): number {
  const old = deletable(tables, table, before).slice(0, most)
  for (const place of old) tables[table].delete(place)
  return old.length
}

export function deletable(tables: Tables, table: 'slices' | 'counters', before: Hour): string[] {
  return [...tables[table].keys()]
    .filter((place) => {
      const { time } = partsOf(place)
      return dayOf(time) < dayOf(before) && tables.rollups.get(dayOf(time))?.state === 'gone'
    })
    .sort((a, b) => partsOf(a).time - partsOf(b).time)
}
