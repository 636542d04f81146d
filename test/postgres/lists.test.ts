import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ListAnswer } from '../../src/edge/read/list.ts'
import { listAnswer, parseListQuery } from '../../src/edge/read/list.ts'
import { LIST_BY_HOUR_ROWS_MAX } from '../../src/limits.ts'
import { cellOf } from '../../src/model/cell.ts'
import { addHours, formatHourStart, type Hour, hourOf } from '../../src/model/hour.ts'
import { groupBase, keysUnder } from '../../src/model/key.ts'
import type { ListCounters, ListItem } from '../../src/model/read.ts'
import { LIST_SORTS } from '../../src/model/read.ts'
import { createLister } from '../../src/postgres/list.ts'
import { cells } from '../support/arbitraries.ts'
import { type Asked, compareBytes, naiveList, type Row } from '../support/naive-list.ts'
import { noFirstHour } from '../support/queries.ts'
import { goodOf } from '../support/result.ts'
import { casesOf } from '../support/thorough.ts'
import { type Stand, startStand } from './stand.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)
const HOUR = hourOf(NOW)
const HOURS = 5

/** So far back that pages are read key by key. */
const LONG_HOURS = LIST_BY_HOUR_ROWS_MAX

let stand: Stand
let lister: ListCounters

beforeAll(async () => {
  stand = await startStand(8)
  lister = stand.inTurn(createLister)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

async function insert(rows: readonly Row[]): Promise<void> {
  const columns = [
    rows.map(({ key }) => key),
    rows.map(({ hour }) => formatHourStart(hour)),
    rows.map(({ cell }) => String(cell.sum)),
    ...(['count', 'min', 'max'] as const).map((name) => rows.map(({ cell }) => cell[name])),
    rows.map(({ flushMs }) => new Date(flushMs)),
  ]
  await stand.pool.query(
    `insert into sumdial.counters (key, hour, sum, count, min, max, updated_at) select * from unnest(
$1::text[], $2::timestamptz[], $3::numeric[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])`,
    columns,
  )
}

/** Segments so few that prefixes, grants and groups often meet; and characters on both sides of the slash. */
const segments = fc.constantFrom('', 'a', 'b', 'a!', 'a-b', 'ab', 'a%_b', 'é', '\u{10ffff}', '\ud7ff', '𝄞')
const paths = fc.array(segments, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const keys = paths.filter((key) => key !== '')

const tables: fc.Arbitrary<Row[]> = fc.uniqueArray(
  fc.record({
    key: keys,
    hour: fc.integer({ min: 0, max: HOURS }).map((back) => addHours(HOUR, -back)),
    cell: cells,
    flushMs: fc.integer({ min: 0, max: 1e9 }).map((backMs) => NOW - backMs),
  }),
  { selector: ({ key, hour }) => `${hour} ${key}`, minLength: 80, maxLength: 150, size: 'max' },
)

const lists: fc.Arbitrary<Asked> = fc.record({
  prefix: fc.oneof(
    fc.constant(''),
    paths,
    paths.map((path) => `${path}/`),
  ),
  grant: fc.option(keys, { freq: 2 }),
  contains: fc.option(fc.constantFrom('a', 'b', '/', 'a/b', 'a!', '%', '_', 'é', '𝄞'), { freq: 2 }),
  where: fc.constant([]),
  from: fc
    .oneof(fc.integer({ min: 0, max: HOURS }), fc.constant(LONG_HOURS))
    .map((back) => addHours(HOUR, -back)),
  to: fc.integer({ min: -1, max: 2 }).map((back) => addHours(HOUR, -back)),
  sort: fc.constantFrom(...LIST_SORTS),
  depth: fc.option(fc.integer({ min: 1, max: 3 })),
})

async function ask(asked: Asked, limit: number, after: string | null): Promise<readonly ListItem[]> {
  const { prefix, grant, depth } = asked
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return []
  const grouping = depth === null ? null : { base: groupBase(prefix), depth }
  return (await lister({ ...asked, ranges, grouping, limit, after })).items
}

test('[S2] [A2] a list equals a naive model, whatever is in the table and whatever is asked', async () => {
  let answered = 0
  await fc.assert(
    fc.asyncProperty(tables, fc.array(lists, { minLength: 20, maxLength: 20 }), async (rows, asks) => {
      await stand.reset()
      await insert(rows)
      for (const asked of asks) {
        const expected = naiveList(rows, asked)
        if (expected.length > 0) answered += 1
        expect(await ask(asked, 1000, null)).toEqual(expected)
        expect(await ask(asked, 3, null)).toEqual(expected.slice(0, 3))
        if (asked.sort !== 'key') continue
        const after = expected[Math.floor(expected.length / 2)]?.key ?? 'a'
        const above = expected.filter(({ key }) => compareBytes(key, after) > 0)
        expect(await ask(asked, 1000, after)).toEqual(above)
        expect(await ask(asked, 2, after)).toEqual(above.slice(0, 2))
      }
    }),
    { numRuns: casesOf(25) },
  )
  // Else rows and questions would hardly ever meet. On average 6 of the 20 questions of a case have items.
  expect(answered).toBeGreaterThan(casesOf(40))
})

/** One page, by the parameters of a request. */
async function page(parameters: Record<string, string>, grant: string | null = null): Promise<ListAnswer> {
  const asked = await parseListQuery(`?${new URLSearchParams(parameters)}`, grant, NOW, noFirstHour)
  return listAnswer(goodOf(asked), lister)
}

/** Turns the pages to the last, and does something between any two. */
async function allPages(
  parameters: Record<string, string>,
  between: (shown: string[]) => Promise<void> = async () => undefined,
): Promise<string[]> {
  const shown: string[] = []
  let cursor: string | null = null
  do {
    const { items, nextCursor }: ListAnswer = await page(
      cursor === null ? parameters : { ...parameters, cursor },
    )
    shown.push(...items.map(({ key }) => key))
    cursor = nextCursor
    if (cursor !== null) await between(shown)
  } while (cursor !== null)
  return shown
}

const rowOf = (key: string, value: number, hour: Hour = HOUR): Row => {
  return { key, hour, cell: cellOf(value), flushMs: NOW }
}

describe('pages', () => {
  const here = Array.from({ length: 300 }, (_, i) => `k/${String(i).padStart(3, '0')}`)

  test.each([
    ['a day', {}],
    ['eleven years', { from: '2016-01-01T00:00:00Z' }],
    ['groups', { depth: '1' }],
  ])('miss no key and repeat none, while counts change and keys come: %s', async (_, more) => {
    await insert(here.map((key) => rowOf(key, 1)))
    let turned = 0
    const shown = await allPages({ prefix: 'k/', limit: '17', ...more }, async () => {
      turned += 1
      // Keys come right above those that were there, some of them below the next; one joins a group that has been shown.
      const keysThatCome = here
        .filter((__, i) => i % 20 === turned)
        .flatMap((key) => [`${key}!`, `${key}/x`, `${key}~`])
      await insert(keysThatCome.map((key) => rowOf(key, 1)))
      await insert(here.slice(0, 50).map((key) => rowOf(key, 5, addHours(HOUR, -turned))))
      await stand.pool.query(
        'update sumdial.counters set sum = sum * 3, count = count + 1, updated_at = now()',
      )
    })
    expect(turned).toBeGreaterThan(15)
    expect(shown).toEqual(shown.toSorted(compareBytes))
    expect(new Set(shown).size).toBe(shown.length)
    expect(shown.filter((key) => here.includes(key))).toEqual(here)
  })

  test('end with the last item, also when the last page is full', async () => {
    await insert(here.slice(0, 20).map((key) => rowOf(key, 1)))
    const first = await page({ prefix: 'k/', limit: '10' })
    const second = await page({ prefix: 'k/', limit: '10', cursor: first.nextCursor ?? '' })
    expect(second.items.map(({ key }) => key)).toEqual(here.slice(10, 20))
    expect(second.nextCursor).toBeNull()
  })

  test('stay in the hours of the first, though the last 24 hours move on', async () => {
    const hours = Array.from({ length: 24 }, (_, i) => addHours(HOUR, -i))
    await insert(here.slice(0, 4).flatMap((key) => hours.map((hour) => rowOf(key, 1, hour))))
    const first = await page({ prefix: 'k/', limit: '2' })
    const parameters = new URLSearchParams({ prefix: 'k/', limit: '2', cursor: first.nextCursor ?? '' })
    const later = await parseListQuery(`?${parameters}`, null, NOW + 5 * 3_600_000, noFirstHour)
    const second = await listAnswer(goodOf(later), lister)
    expect(second).toMatchObject({ from: first.from, to: first.to })
    expect(second.items.map(({ count }) => count)).toEqual([24, 24])
  })

  test('[S2] a cursor of all keys shows a token its own keys alone', async () => {
    await insert(
      ['site/a', 'site/acme', 'site/acme-corp', 'site/acme/x', 'site/b'].map((key) => rowOf(key, 1)),
    )
    const { nextCursor } = await page({ prefix: 'site/', limit: '1' })
    const { items } = await page({ prefix: 'site/', cursor: nextCursor ?? '' }, 'site/acme')
    expect(items.map(({ key }) => key)).toEqual(['site/acme', 'site/acme/x'])
  })
})

describe('a text inside keys', () => {
  const keysOf = ({ items }: ListAnswer) => items.map(({ key }) => key)

  test('is found wherever it is, as it is written, with every other parameter', async () => {
    await insert(
      ['site/a/pricing', 'site/b/pricing/old', 'shop/pricing', 'site/a/Pricing', 'site/a/home'].map(
        (key, i) => rowOf(key, i + 1),
      ),
    )
    expect(keysOf(await page({ prefix: '', contains: 'pricing' }))).toEqual([
      'shop/pricing',
      'site/a/pricing',
      'site/b/pricing/old',
    ])
    expect(keysOf(await page({ prefix: 'site/', contains: '/pricing', sort: '-sum' }))).toEqual([
      'site/b/pricing/old',
      'site/a/pricing',
    ])
    expect((await page({ prefix: 'site/', contains: 'pricing', depth: '1' })).items).toMatchObject([
      { key: 'site/a', sum: 1n, keys: 1 },
      { key: 'site/b', sum: 2n, keys: 1 },
    ])
    expect(keysOf(await page({ prefix: '', contains: 'pricing' }, 'site'))).toEqual([
      'site/a/pricing',
      'site/b/pricing/old',
    ])
  })

  test('has no characters that stand for others', async () => {
    await insert(['100%', '1000', 'a_b', 'axb', 'a\\b'].map((key) => rowOf(key, 1)))
    for (const [contains, found] of [
      ['0%', '100%'],
      ['a_b', 'a_b'],
      ['\\', 'a\\b'],
    ] as const) {
      expect(keysOf(await page({ prefix: '', contains }))).toEqual([found])
    }
  })

  test.each([
    ['a day', {}],
    ['eleven years', { from: '2016-01-01T00:00:00Z' }],
    ['groups', { depth: '2' }],
  ])('is found on every page, once: %s', async (_, more) => {
    const all = Array.from(
      { length: 120 },
      (__, i) => `k/${i % 3 === 0 ? 'in' : 'out'}${String(i).padStart(3, '0')}`,
    )
    await insert(all.map((key) => rowOf(key, 1)))
    const inside = all.filter((key) => key.includes('in')).toSorted(compareBytes)
    expect(await allPages({ prefix: 'k/', contains: 'in', limit: '7', ...more })).toEqual(inside)
  })

  test('stays that of the first page', async () => {
    await insert(['a1', 'a2', 'b1'].map((key) => rowOf(key, 1)))
    const { nextCursor } = await page({ prefix: '', contains: '1', limit: '1' })
    for (const more of [{}, { contains: '2' }]) {
      const asked = await parseListQuery(
        `?${new URLSearchParams({ prefix: '', cursor: nextCursor ?? '', ...more })}`,
        null,
        NOW,
        noFirstHour,
      )
      expect(asked).toMatchObject({ ok: false, error: { kind: 'invalid_parameter', parameter: 'cursor' } })
    }
    expect(keysOf(await page({ prefix: '', contains: '1', cursor: nextCursor ?? '' }))).toEqual(['b1'])
  })

  test('is refused when no key could have it', async () => {
    for (const contains of ['', 'x'.repeat(513), 'a\nb']) {
      const asked = await parseListQuery(
        `?${new URLSearchParams({ prefix: '', contains })}`,
        null,
        NOW,
        noFirstHour,
      )
      expect(asked).toMatchObject({ ok: false, error: { parameter: 'contains' } })
    }
  })
})

describe('groups', () => {
  test('tell what a tree shows: sums, the number of keys, and whether the group is a key itself', async () => {
    await insert([
      rowOf('site/a', 1),
      rowOf('site/a/x', 10),
      rowOf('site/a/x', 20, addHours(HOUR, -1)),
      rowOf('site/a/y/z', 100),
      rowOf('site/a!b', 1_000),
      rowOf('site/b', 7),
    ])
    expect((await page({ prefix: 'site/', depth: '1' })).items).toEqual([
      { key: 'site/a', sum: 131n, count: 4, min: 1, max: 100, keys: 3, isKey: true },
      { key: 'site/a!b', sum: 1000n, count: 1, min: 1000, max: 1000, keys: 1, isKey: true },
      { key: 'site/b', sum: 7n, count: 1, min: 7, max: 7, keys: 1, isKey: true },
    ])
    const largest = await page({ prefix: '', depth: '2', sort: '-count', limit: '1' })
    expect(largest.items).toMatchObject([{ key: 'site/a', count: 4 }])
    expect(largest.nextCursor).toBeNull()
  })

  test("[S2] are made of a token's own keys, and the name is a key only if it is the token's", async () => {
    await insert(
      ['site', 'site/acme', 'site/acme/x', 'site/acme-corp/x', 'site/other'].map((key) => rowOf(key, 1)),
    )
    const { items } = await page({ prefix: '', depth: '1' }, 'site/acme')
    expect(items).toEqual([{ key: 'site', sum: 2n, count: 2, min: 1, max: 1, keys: 2, isKey: false }])
  })

  test('an empty segment is a segment: a slash behind the name is the prefix of what is in it', async () => {
    await insert(['/a', '/b/c', 'd//e'].map((key) => rowOf(key, 1)))
    const names = async (prefix: string) => (await page({ prefix, depth: '1' })).items.map(({ key }) => key)
    expect(await names('')).toEqual(['', 'd'])
    expect(await names('/')).toEqual(['/a', '/b'])
    expect(await names('d/')).toEqual(['d/'])
    expect(await names('d//')).toEqual(['d//e'])
  })
})

describe('an answer', () => {
  test('[R2] says when Postgres last received something that is in it', async () => {
    await insert([rowOf('a', 1), { ...rowOf('b', 1), flushMs: NOW - 60_000 }])
    expect(await page({ prefix: '' })).toMatchObject({ lastFlushAt: '2026-11-21T20:15:00.000Z' })
    expect(await page({ prefix: 'b' })).toMatchObject({ lastFlushAt: '2026-11-21T20:14:00.000Z' })
    expect(await page({ prefix: 'c' })).toMatchObject({ items: [], nextCursor: null, lastFlushAt: null })
  })

  test('no hours have no items', async () => {
    await insert([rowOf('a', 1)])
    const instant = '2026-11-21T20:00:00Z'
    expect((await page({ prefix: '', from: instant, to: instant })).items).toEqual([])
  })

  test('Postgres away, or a statement that hangs, is a failure that names no key', async () => {
    lister = createLister(stand.postgres)
    stand.faults.inject({ kind: 'answer-sqlstate', code: '42501' })
    await expect(page({ prefix: 'secret' })).rejects.toThrow(/^(?!.*secret).*42501/s)
  })
})
