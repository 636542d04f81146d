import { encodeCursor } from '../../src/edge/read/cursor.ts'
import { listAnswer, parseListQuery } from '../../src/edge/read/list.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, formatHourStart, hourStartMs } from '../../src/model/hour.ts'
import { keysFrom } from '../../src/model/key.ts'
import type { ListCounters, ReadCommitted, ReadSeries } from '../../src/model/read.ts'
import { goodOf } from '../support/result.ts'

/** The production's own, in front of the endpoint. */
export type Readers = {
  readonly read: ReadCommitted
  readonly readSeries: ReadSeries
  readonly list: ListCounters
}

/** One request of the read path. */
export type ReadCase = {
  readonly name: string
  /** Whether so little is asked for that a sequential scan of the table would be a fault. */
  readonly isNarrow: boolean
  readonly ask: (readers: Readers) => Promise<unknown>
}

/** What is in the table. */
export type Facts = {
  readonly from: Hour
  /** The end of its last hour. */
  readonly to: Hour
  /** With a row in nearly each hour. */
  readonly hotKey: string
  /** In the middle of the keys of the last 24 hours. */
  readonly middleKey: string
}

const DAY = 24
const MONTH = 30 * DAY
const YEAR = 365 * DAY

export function readCases(facts: Facts): ReadCase[] {
  const list = (more: Record<string, string> = {}, hours = DAY, grant: string | null = null) =>
    listing(facts, { prefix: 'site/', ...more }, hours, grant)
  const middle = encodeCursor({
    prefix: 'site/',
    depth: null,
    from: addHours(facts.to, -DAY),
    to: facts.to,
    after: facts.middleKey,
  })
  const domain = facts.middleKey.split('/').slice(0, 2).join('/')
  const narrow = (name: string, ask: ReadCase['ask']) => ({ name, isNarrow: true, ask })
  const wide = (name: string, ask: ReadCase['ask']) => ({ name, isNarrow: false, ask })
  return [
    narrow('one key, 24 hours', reading(facts, DAY)),
    narrow('one key, a year', reading(facts, YEAR)),
    narrow('a prefix added up, 24 hours', addingUp(facts, 'site/', 1, DAY)),
    narrow('a prefix added up by days, 30 days', addingUp(facts, 'site/', DAY, MONTH)),
    narrow('a domain added up by weeks, a year', addingUp(facts, `${domain}/`, 7 * DAY, YEAR)),
    narrow('keys, 24 hours, first page', list()),
    narrow('keys, 24 hours, middle page', list({ cursor: middle })),
    narrow('keys, 24 hours, page of 1,000', list({ limit: '1000' })),
    narrow('keys, 30 days, first page', list({}, MONTH)),
    wide('keys, a year, first page', list({}, YEAR)),
    narrow('keys, 24 hours, of a prefix gone silent', list({ prefix: 'silent/' })),
    wide('keys, 30 days, of a prefix gone silent', list({ prefix: 'silent/' }, MONTH)),
    narrow('top 10 by sum, 24 hours', list({ sort: '-sum', limit: '10' })),
    narrow('top 10 by sum, 30 days', list({ sort: '-sum', limit: '10' }, MONTH)),
    narrow(
      'top 10 by sum, a domain, a year',
      list({ prefix: `${domain}/`, sort: '-sum', limit: '10' }, YEAR),
    ),
    narrow('groups, depth 1, 24 hours', list({ depth: '1' })),
    narrow('groups, depth 2, 24 hours', list({ depth: '2' })),
    narrow('groups, depth 1, 30 days', list({ depth: '1' }, MONTH)),
    narrow('groups, depth 2, 30 days', list({ depth: '2' }, MONTH)),
    narrow("groups of a token's own keys, 30 days", list({ prefix: '', depth: '3' }, MONTH, domain)),
  ]
}

function reading({ hotKey, to }: Facts, hours: number): ReadCase['ask'] {
  const buckets = Array.from({ length: hours }, (_, i) => addHours(to, i - hours))
  return ({ read }) => read({ keys: [hotKey], buckets, to, writers: [] })
}

function addingUp({ to }: Facts, prefix: string, step: number, hours: number): ReadCase['ask'] {
  const buckets = Array.from({ length: Math.ceil(hours / step) }, (_, i) => addHours(to, i * step - hours))
  return ({ readSeries }) =>
    readSeries({ name: prefix, ranges: [keysFrom(prefix)], buckets, to, writers: [] })
}

function listing(
  { to }: Pick<Facts, 'to'>,
  parameters: Record<string, string>,
  hours: number,
  grant: string | null,
): ReadCase['ask'] {
  const range = { from: formatHourStart(addHours(to, -hours)), to: formatHourStart(to) }
  const search = `?${new URLSearchParams({ ...range, ...parameters })}`
  const asked = goodOf(parseListQuery(search, grant, hourStartMs(to)))
  return ({ list }) => listAnswer(asked, list)
}
