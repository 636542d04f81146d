import { readKeys } from '../../../src/edge/read/counters.ts'
import { readList } from '../../../src/edge/read/list.ts'
import { parseCounterParameters } from '../../../src/edge/read/query.ts'
import { must } from '../../../src/model/assert.ts'
import { addHours, formatHourStart, type Hour } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import { bucketsOf, type Unit } from '../../../src/model/time/calendar.ts'
import { parseZone } from '../../../src/model/time/zone.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createFirstHourReader } from '../../../src/postgres/first-hour.ts'
import { createLister } from '../../../src/postgres/list.ts'
import { createReader, createSeriesReader } from '../../../src/postgres/reader.ts'
import { goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'
import type { Store } from './store.ts'

/** A read of a long range: as the Worker answers it, and as plain SQL over hours. */
export type Question = {
  readonly name: string
  /** For the whole read, in ms. */
  readonly aimMs: number
  /** That a table must have. */
  readonly hours: number
  /** Whether it asks for all hours that there are. */
  readonly isOfAllTime?: true
  readonly ask: (postgres: Postgres, store: Store) => Promise<unknown>
  readonly sql: (store: Store) => { readonly text: string; readonly params: readonly string[] }
}

const MONTH = 30 * 24
const YEAR = 365 * 24
const THREE_YEARS = 3 * YEAR
const KEY = 'site/site7.example/page-7'

const SUMS = 'sum(sum)::text, sum(count), min(min), max(max)'
const IN_HOURS = 'hour >= $1::timestamptz and hour < $2::timestamptz'

const list =
  (hours: number, more: string) =>
  (postgres: Postgres, { to }: Store) =>
    listed(postgres, { from: addHours(to, -hours), to }, more)

async function listed(postgres: Postgres, { from, to }: { from: Hour; to: Hour }, more: string) {
  const ports = { list: createLister(postgres), firstHour: createFirstHourReader(postgres) }
  const range = new URLSearchParams({ from: formatHourStart(from), to: formatHourStart(to) })
  return goodOf(await readList(`?prefix=&${more}&${range}`, null, Date.now(), ports))
}

async function allTime(postgres: Postgres) {
  const never = () => Promise.reject(new Error('not asked'))
  return goodOf(
    await readKeys(goodOf(parseCounterParameters(ALL_TIME, undefined)), {
      nowMs: Date.now(),
      config: { shards: scheduleOf('1') },
      shards: { unsettled: never, unsettledGroups: never },
      database: {
        readCommitted: createReader(postgres),
        firstHour: createFirstHourReader(postgres),
        readGroups: never,
      },
    }),
  )
}

const ALL_TIME = `?key=${encodeURIComponent(KEY)}&range=all&consistency=committed`

const plain =
  (text: string, hours: number) =>
  ({ to }: Store) => ({
    text,
    params: [formatHourStart(addHours(to, -hours)), formatHourStart(to)],
  })

function bucketed(hours: number, unit: Unit, zone: string, { to }: Store) {
  const range = { from: addHours(to, -hours), to }
  return {
    buckets: bucketsOf(range, unit, must(parseZone(zone), 'a zone')).map(({ from }) => from),
    to,
    writers: [],
  }
}

const allKeys = (unit: Unit, hours: number) => (postgres: Postgres, store: Store) =>
  createSeriesReader(postgres)({ name: '', ranges: [keysFrom('')], ...bucketed(hours, unit, 'UTC', store) })

const top = (hours: number) =>
  plain(
    `select key, ${SUMS} from sumdial.counters where ${IN_HOURS} group by key order by sum(sum) desc, key limit 10`,
    hours,
  )

const byUnit = (unit: Unit, where: string, zone: string, hours = YEAR) =>
  plain(
    `select date_trunc('${unit}', hour at time zone '${zone}'), ${SUMS} from sumdial.counters where ${where} and ${IN_HOURS} group by 1`,
    hours,
  )

export const QUESTIONS: readonly Question[] = [
  {
    name: 'ten largest keys of 30 days',
    aimMs: 100,
    hours: MONTH,
    ask: list(MONTH, 'sort=-sum&limit=10'),
    sql: top(MONTH),
  },
  {
    name: 'ten largest keys of a year',
    aimMs: 400,
    hours: YEAR,
    ask: list(YEAR, 'sort=-sum&limit=10'),
    sql: top(YEAR),
  },
  {
    name: 'ten largest groups of a year',
    aimMs: 400,
    hours: YEAR,
    ask: list(YEAR, 'sort=-sum&limit=10&depth=2'),
    sql: plain(
      `select split_part(key, '/', 2), ${SUMS} from sumdial.counters where ${IN_HOURS} group by 1 order by sum(sum) desc limit 10`,
      YEAR,
    ),
  },
  {
    name: 'first page of 100 keys of a year',
    aimMs: 400,
    hours: YEAR,
    ask: list(YEAR, 'limit=100'),
    sql: plain(
      `select key, ${SUMS} from sumdial.counters where ${IN_HOURS} group by key order by key limit 100`,
      YEAR,
    ),
  },
  {
    name: 'all keys of a year by month',
    aimMs: 500,
    hours: YEAR,
    ask: allKeys('month', YEAR),
    sql: byUnit('month', 'true', 'UTC'),
  },
  {
    name: 'all keys of a year by day',
    aimMs: 500,
    hours: YEAR,
    ask: allKeys('day', YEAR),
    sql: byUnit('day', 'true', 'UTC'),
  },
  {
    name: 'one key, a year by day, Asia/Kolkata',
    aimMs: 100,
    hours: YEAR,
    ask: (postgres, store) =>
      createReader(postgres)({ keys: [KEY], ...bucketed(YEAR, 'day', 'Asia/Kolkata', store) }),
    sql: byUnit('day', `key = '${KEY}'`, 'Asia/Kolkata'),
  },
  {
    name: 'all-time total of one key',
    isOfAllTime: true,
    aimMs: 10,
    hours: YEAR,
    ask: (postgres) => allTime(postgres),
    sql: () => ({ text: `select ${SUMS} from sumdial.counters where key = '${KEY}'`, params: [] }),
  },
  {
    name: 'ten largest keys of three years',
    aimMs: 1_500,
    hours: THREE_YEARS,
    ask: list(THREE_YEARS, 'sort=-sum&limit=10'),
    sql: top(THREE_YEARS),
  },
  {
    name: 'all keys of three years by month',
    aimMs: 1_500,
    hours: THREE_YEARS,
    ask: allKeys('month', THREE_YEARS),
    sql: byUnit('month', 'true', 'UTC', THREE_YEARS),
  },
]
