import { encodeCursor } from '../../../src/edge/read/cursor.ts'
import { listAnswer, parseListQuery } from '../../../src/edge/read/list.ts'
import { addHours, formatHourStart, type Hour, hourStartMs } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import type { ListCounters, ReadCommitted, ReadSeries } from '../../../src/model/read.ts'
import { noFirstHour } from '../../support/queries.ts'
import { goodOf } from '../../support/result.ts'

/** The production's own readers, in front of the endpoint. */
export type Readers = {
  readonly read: ReadCommitted
  readonly readSeries: ReadSeries
  readonly list: ListCounters
}

/** One request of the read path. */
export type ReadCase = {
  readonly name: string
  /** Whether it asks for so little that a sequential scan of the table would be a fault. */
  readonly isNarrow: boolean
  ask(readers: Readers, facts: Facts): Promise<unknown>
}

/** Facts about the rows in the table. */
export type Facts = {
  readonly from: Hour
  /** The end of its last hour. */
  readonly to: Hour
  /** A key with a row in nearly each hour. */
  readonly hotKey: string
  /** In the middle of the keys of the last 24 hours. */
  readonly middleKey: string
}

const DAY = 24
const MONTH = 30 * DAY
const YEAR = 365 * DAY

const narrow = (name: string, ask: ReadCase['ask']): ReadCase => ({ name, isNarrow: true, ask })
const wide = (name: string, ask: ReadCase['ask']): ReadCase => ({ name, isNarrow: false, ask })

const TOP = { sort: '-sum', limit: '10' }

export const READ_CASES: readonly ReadCase[] = [
  narrow('one key, 24 hours', reading(DAY)),
  narrow('one key, a year', reading(YEAR)),
  narrow('a prefix added up, 24 hours', (...on) => addUp(on, 'site/', 1, DAY)),
  narrow('a prefix added up by days, 30 days', (...on) => addUp(on, 'site/', DAY, MONTH)),
  narrow('a domain added up by weeks, a year', (...on) => addUp(on, `${domainOf(on[1])}/`, 7 * DAY, YEAR)),
  narrow('keys, 24 hours, first page', (...on) => list(on, DAY)),
  narrow('keys, 24 hours, middle page', (...on) => list(on, DAY, { cursor: middleOf(on[1]) })),
  narrow('keys, 24 hours, page of 1,000', (...on) => list(on, DAY, { limit: '1000' })),
  narrow('keys, 30 days, first page', (...on) => list(on, MONTH)),
  wide('keys, a year, first page', (...on) => list(on, YEAR)),
  narrow('keys, 24 hours, of a prefix gone silent', (...on) => list(on, DAY, { prefix: 'silent/' })),
  wide('keys, 30 days, of a prefix gone silent', (...on) => list(on, MONTH, { prefix: 'silent/' })),
  narrow('top 10 by sum, 24 hours', (...on) => list(on, DAY, TOP)),
  narrow('top 10 by sum, 30 days', (...on) => list(on, MONTH, TOP)),
  narrow('top 10 by sum, a domain, a year', (...on) =>
    list(on, YEAR, { ...TOP, prefix: `${domainOf(on[1])}/` }),
  ),
  narrow('groups, depth 1, 24 hours', (...on) => list(on, DAY, { depth: '1' })),
  narrow('groups, depth 2, 24 hours', (...on) => list(on, DAY, { depth: '2' })),
  narrow('groups, depth 1, 30 days', (...on) => list(on, MONTH, { depth: '1' })),
  narrow('groups, depth 2, 30 days', (...on) => list(on, MONTH, { depth: '2' })),
  narrow("groups of a token's own keys, 30 days", (...on) =>
    list(on, MONTH, { prefix: '', depth: '3' }, domainOf(on[1])),
  ),
]

type On = readonly [Readers, Facts]

function domainOf({ middleKey }: Facts): string {
  return middleKey.split('/').slice(0, 2).join('/')
}

/** The cursor of a page in the middle. */
function middleOf({ to, middleKey }: Facts): string {
  return encodeCursor({
    contains: null,
    where: [],
    prefix: 'site/',
    depth: null,
    rangeName: null,
    from: addHours(to, -DAY),
    to,
    after: middleKey,
  })
}

function reading(hours: number): ReadCase['ask'] {
  return ({ read }, { hotKey, to }) => {
    const buckets = Array.from({ length: hours }, (_, i) => addHours(to, i - hours))
    return read({ keys: [hotKey], buckets, to, writers: [] })
  }
}

function addUp([{ readSeries }, { to }]: On, prefix: string, step: number, hours: number): Promise<unknown> {
  const buckets = Array.from({ length: Math.ceil(hours / step) }, (_, i) => addHours(to, i * step - hours))
  return readSeries({ name: prefix, ranges: [keysFrom(prefix)], buckets, to, writers: [] })
}

async function list(
  [readers, { to }]: On,
  hours: number,
  parameters: Record<string, string> = {},
  grant: string | null = null,
): Promise<unknown> {
  const range = { from: formatHourStart(addHours(to, -hours)), to: formatHourStart(to) }
  const query = new URLSearchParams({ prefix: 'site/', ...range, ...parameters })
  const asked = goodOf(await parseListQuery(`?${query}`, grant, hourStartMs(to), noFirstHour))
  return listAnswer(asked, readers.list)
}
