import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hour, HourRange } from '../../src/model/hour.ts'
import { addHours, formatHourStart, hourOf, hourStartMs } from '../../src/model/hour.ts'
import type { Unit } from '../../src/model/time/calendar.ts'
import { bucketsOf, UNITS } from '../../src/model/time/calendar.ts'
import { parseZone } from '../../src/model/time/zone.ts'
import { casesOf } from '../support/thorough.ts'
import { type Stand, startStand } from './stand.ts'

let stand: Stand
let names: string[]

beforeAll(async () => {
  stand = await startStand(4)
  const { rows } = await stand.pool.query<{ name: string }>(
    'select name from pg_timezone_names order by name',
  )
  const known = new Set(rows.map(({ name }) => name))
  names = Intl.supportedValuesOf('timeZone').filter((name) => known.has(name))
})

afterAll(() => stand?.stop())

type SqlHour = { readonly hour: Hour; readonly period: number; readonly offset: number }

/**
 * PostgreSQL's view of each hour of a range: the beginning of its day, week or month, in epoch seconds, and the
 * offset of the zone's clocks. It has rules of time zones of its own.
 *
 * Where clocks go back over midnight it lets the day before come again. Days that stay in one piece are the latest
 * that has begun, hence the maximum, from some days before the range on.
 */
async function sqlHours({ from, to }: HourRange, unit: Unit, zone: string): Promise<SqlHour[]> {
  const { rows } = await stand.pool.query<SqlHour>(
    `select (extract(epoch from hour) / 3600)::float8 as hour, offset_s::float8 as offset,
       extract(epoch from max(date_trunc($3, hour, $4)) over (order by hour))::float8 as period
     from generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') as hours(hour),
       lateral (select extract(epoch from (hour at time zone $4) - (hour at time zone 'UTC')) as offset_s) as zone
     order by hour`,
    [formatHourStart(addHours(from, -72)), formatHourStart(to), unit, zone],
  )
  return rows.filter(({ hour }) => hour >= from)
}

/** Up to ten weeks since 1970: of the time before, the two have not the same records. */
const ranges = fc
  .tuple(fc.integer({ min: 100, max: hourOf(Date.UTC(2036, 0)) }), fc.integer({ min: 1, max: 1_700 }))
  .map(([from, hours]): HourRange => ({ from: from as Hour, to: addHours(from as Hour, hours) }))

describe('the buckets of a range, of any zone', () => {
  test("are those of PostgreSQL's date_trunc", async () => {
    const counts = { compared: 0, atOdds: 0 }
    const cases = fc.record({
      range: ranges,
      name: fc.constantFrom(...names),
      unit: fc.constantFrom(...UNITS),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ range, name, unit }) => {
        const zone = parseZone(name) ?? expect.fail(name)
        const hours = await sqlHours(range, unit, name)
        // Their versions of the time zone database differ, and so must what follows.
        if (hours.some(({ hour, offset }) => zone.offsetAt(hourStartMs(hour)) !== offset * 1000)) {
          counts.atOdds++
          return
        }
        counts.compared++
        const firsts = hours.filter(({ period }, i) => period !== hours[i - 1]?.period)
        expect(bucketsOf(range, unit, zone).map(({ from }) => from)).toEqual(firsts.map(({ hour }) => hour))
      }),
      { numRuns: casesOf(400) },
    )
    expect(counts.atOdds).toBeLessThan(counts.compared / 20)
    console.info(counts)
  })
})
