import fc from 'fast-check'
import { must } from '../../../src/model/assert.ts'
import { addHours, formatHourStart, type Hour } from '../../../src/model/hour.ts'
import { addedUp, dayOf, type Row, type State, type States } from './tables.ts'

/** A day that ended so many hours ago may have a state. */
const ROLLED_UP_HOURS = 72

/** The states that some days may have at an hour. Most ranges have a few days that stand for their hours, and some have none. */
export function statesOf(first: Hour, hours: number, now: Hour): fc.Arbitrary<States> {
  return fc
    .array(fc.constantFrom<(State | null)[]>(null, 'stale', 'partial', 'good', 'good', 'gone'), {
      minLength: hours / 24,
      maxLength: hours / 24,
    })
    .map((all) => {
      const known = all.map((state, i): [number, State | null] => [dayOf(first) + i, state])
      return new Map(
        known.flatMap(([day, state]): [number, State][] =>
          state !== null && (day + 1) * 24 <= now - ROLLED_UP_HOURS ? [[day, state]] : [],
        ),
      )
    })
}

export function midnight(hour: Hour): Hour {
  return (dayOf(hour) * 24) as Hour
}

/** The rows as answers count them: of days that are gone, all in the hour in which the day begins. */
export function counted(all: readonly Row[], states: States): Row[] {
  const isGone = ({ hour }: Row) => states.get(dayOf(hour)) === 'gone'
  return [
    ...all.filter((row) => !isGone(row)),
    ...all.filter(isGone).map((row) => ({ ...row, hour: midnight(row.hour) })),
  ]
}

/** By a look at each day, whether it lies in one bucket. */
export function naiveCoarse(states: States, { buckets, to }: { buckets: readonly Hour[]; to: Hour }) {
  const ranges: { from: Hour; to: Hour }[] = []
  const [from = to] = buckets
  const first = Math.max(dayOf(from), Math.min(...states.keys()))
  for (let day = first; day * 24 < to; day++) {
    const own = Array.from({ length: 24 }, (_, i) => addHours((day * 24) as Hour, i))
    const places = new Set(
      own.map((hour) => (hour < to ? buckets.findLast((start) => start <= hour) : undefined)),
    )
    const isCut = places.size > 1 || places.has(undefined)
    if (states.get(day) !== 'gone' || !isCut) continue
    const [start, end] = [must(own[0], 'an hour'), addHours(must(own[0], 'an hour'), 24)]
    const before = ranges.at(-1)
    if (before?.to === start) before.to = end
    else ranges.push({ from: start, to: end })
  }
  return ranges.map((range) => ({ from: formatHourStart(range.from), to: formatHourStart(range.to) }))
}

/** Days that are right where they may be read, and wrong where not; and of the days that are gone, only some hours. */
export function tablesOf(all: readonly Row[], states: States, nowMs: number) {
  const isGone = ({ hour }: Row) => states.get(dayOf(hour)) === 'gone'
  const isRight = (row: Row) => isGone(row) || states.get(dayOf(row.hour)) === 'good'
  const rows = all.filter((row, i) => !isGone(row) || i % 3 === 0)
  const days = addedUp(all, 'day').flatMap((row, i) => {
    if (isRight(row)) return [row]
    return i % 3 === 0
      ? []
      : [{ ...row, cell: { ...row.cell, sum: row.cell.sum + 1n }, updatedMs: nowMs + 1e6 }]
  })
  return { rows, days, states }
}
