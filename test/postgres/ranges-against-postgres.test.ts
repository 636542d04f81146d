import { afterAll, beforeAll, expect, test } from 'vitest'
import { must } from '../../src/model/assert.ts'
import {
  addHours,
  formatHourStart,
  type Hour,
  type HourRange,
  hourOf,
  hourStartMs,
} from '../../src/model/hour.ts'
import { previousOf } from '../../src/model/time/previous.ts'
import { rangeOf } from '../../src/model/time/ranges.ts'
import { parseZone, type Zone } from '../../src/model/time/zone.ts'
import { seeded } from '../support/chance.ts'
import { casesOf } from '../support/thorough.ts'
import { type Stand, startStand } from './stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

/** The dates of a zone in some hours, and how far ahead of UTC its clocks are, in seconds. */
type Shown = {
  readonly name: string
  readonly dates: readonly string[]
  readonly offsets: readonly number[]
}

/** PostgreSQL's view of some hours, in every zone that it knows. It has rules of its own. */
async function shownAt(hours: readonly Hour[]): Promise<readonly Shown[]> {
  const { rows } = await stand.pool.query<Shown>(
    `select name, array_agg((hour at time zone name)::date::text order by hour) as dates,
      array_agg(extract(epoch from (hour at time zone name) - (hour at time zone 'UTC'))::float8 order by hour) as offsets
    from pg_timezone_names, unnest($1::timestamptz[]) as hours (hour) group by name order by name`,
    [hours.map(formatHourStart)],
  )
  return rows
}

/** The hours about the beginnings of the last months, and those up to now. */
function hoursAbout(nowMs: number): Hour[] {
  const [now, date] = [hourOf(nowMs), new Date(nowMs)]
  const months = [-2, -1, 0, 1].map((later) =>
    hourOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later)),
  )
  const about = months.flatMap((month) => Array.from({ length: 61 }, (_, i) => addHours(month, i - 30)))
  const last = Array.from({ length: 81 }, (_, i) => addHours(now, i - 80))
  return [...new Set([...about, ...last])].filter((hour) => hour <= now).toSorted((a, b) => a - b)
}

/** The first hours of the last two days or months up to now: where clocks go back over midnight, a day that has begun goes on. */
function lastTwo(hours: readonly Hour[], dates: readonly string[], length: number): Hour[] {
  let latest = ''
  const firsts = hours.filter((hour, i) => {
    const label = must(dates[i], 'the date of an hour').slice(0, length)
    // Not where the hours before are not looked at.
    const isFirst = label > latest && hours[i - 1] === addHours(hour, -1)
    if (label > latest) latest = label
    return isFirst
  })
  return firsts.slice(-2).reverse()
}

/** Whether both have the same rules: their versions of the time zone database differ. */
function agrees(zone: Zone, hours: readonly Hour[], { offsets }: Shown): boolean {
  return hours.every((hour, i) => zone.offsetAt(hourStartMs(hour)) === must(offsets[i], 'an offset') * 1000)
}

test("today, yesterday, this month and those before begin where PostgreSQL's do, in every zone that it knows", async () => {
  const chance = seeded(19)
  const turns = [
    '2026-03-08T05:30Z',
    '2026-09-06T04:30Z',
    '2026-11-01T05:30Z',
    '2026-03-29T01:30Z',
    '2026-12-31T23:30Z',
  ]
  const others = Array.from(
    { length: 5 },
    () => Date.UTC(2015, 0) + Math.floor(chance() * 15 * 365) * 86_400_000 + 3_600_000,
  )
  const counts = { compared: 0, atOdds: 0 }
  const moments = [...turns.map((turn) => Date.parse(turn)), ...others]
  for (const nowMs of moments.slice(0, casesOf(moments.length))) {
    const hours = hoursAbout(nowMs)
    for (const own of await shownAt(hours)) {
      const { name, dates } = own
      const zone = parseZone(name)
      if (zone === undefined) continue
      if (!agrees(zone, hours, own)) {
        counts.atOdds++
        continue
      }
      counts.compared++
      const terms = { unit: 'hour', zone, nowMs } as const
      const [today, month] = [rangeOf('today', terms), rangeOf('this-month', terms)]
      const [yesterday, lastMonth] = [rangeOf('yesterday', terms), rangeOf('last-month', terms)]
      const froms = (ranges: readonly HourRange[]) => ranges.map(({ from }) => from)
      expect([name, nowMs, ...froms([today, yesterday, month, lastMonth])]).toEqual([
        name,
        nowMs,
        ...lastTwo(hours, dates, 'YYYY-MM-DD'.length),
        ...lastTwo(hours, dates, 'YYYY-MM'.length),
      ])
      const before = [previousOf(today, 'today', terms), previousOf(month, 'this-month', terms)]
      expect(froms(before)).toEqual(froms([yesterday, lastMonth]))
    }
  }
  expect(counts.atOdds).toBeLessThan(counts.compared / 20)
  console.info(counts)
}, 60_000)
