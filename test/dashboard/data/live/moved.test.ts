import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { movedOf } from '../../../../src/dashboard/data/live/moved.ts'
import { type Series, totalOf } from '../../../../src/dashboard/data/series.ts'
import type { Shown } from '../../../../src/dashboard/data/view.ts'

const HOUR_MS = 3_600_000
const FROM_MS = Date.UTC(2026, 10, 21, 20)
const iso = (ms: number) => new Date(ms).toISOString()

/** The batch that Postgres has, and how much shards hold of `site/` and of its key, with the hour in which it came. */
let shards: { asOf: string; held: Map<string, { atMs: number; count: number }> }
let asked: URLSearchParams[]

beforeEach(() => {
  shards = { asOf: 'a', held: new Map() }
  asked = []
  vi.stubGlobal('fetch', async (path: string) => {
    const search = new URL(path, 'https://sumdial.test').searchParams
    asked.push(search)
    const names = [...search.getAll('key'), ...search.getAll('prefix')]
    const answers = names.map((name) => answerOf(name, search.get('to') ?? ''))
    return Response.json(answers.length === 1 ? answers[0] : { items: answers })
  })
})
afterEach(() => void vi.unstubAllGlobals())

function answerOf(name: string, to: string) {
  const held = shards.held.get(name)
  const isIn = held !== undefined && held.atMs < Date.parse(to)
  const unsettled = isIn
    ? [{ start: iso(held.atMs), sum: held.count, count: held.count, min: 1, max: 1 }]
    : []
  return { asOf: shards.asOf, unsettled }
}

/** A key under `site/` and `site/` itself, both counted for this hour. */
function count(count: number, atMs = FROM_MS) {
  for (const name of ['site/', 'site/a']) shards.held.set(name, { atMs, count })
}

const seriesOf = (shown: Shown): Series => ({
  shown,
  starts: [FROM_MS],
  labels: [iso(FROM_MS)],
  committed: [{ sum: 5n, count: 5 }],
  held: [{ sum: 0n, count: 0 }],
  asOf: 'a',
  from: iso(FROM_MS),
  to: iso(FROM_MS + HOUR_MS),
  freshFrom: iso(FROM_MS),
  lastFlushAt: null,
  isAligned: true,
  unreadable: [],
  coarse: [],
  where: [],
  breakdown: null,
  before: null,
})

const TOP = [seriesOf({ kind: 'prefix', name: 'site/' }), seriesOf({ kind: 'key', name: 'site/a' })]
const NOW = { isChecked: true, mayWake: true, nowMs: FROM_MS + 1_000 }

const names = () => asked.flatMap((search) => [...search.getAll('prefix'), ...search.getAll('key')])
const totals = (series: readonly Series[] | undefined) => series?.map((own) => totalOf(own).count)

describe('a look at the shards', () => {
  test('never asks Postgres, and after a read of Postgres asks for all that is shown', async () => {
    count(2)
    const moved = await movedOf(TOP, { ...NOW, isChecked: false })
    expect(totals(moved?.series)).toEqual([7, 7])
    expect(names().toSorted()).toEqual(['site/', 'site/a'])
    expect(asked.map((search) => search.get('consistency'))).toEqual(['unsettled', 'unsettled'])
  })

  test('asks for a prefix alone while nothing moves in it, and for its keys once something does', async () => {
    expect(totals((await movedOf(TOP, NOW))?.series)).toEqual([5, 5])
    expect(names()).toEqual(['site/'])
    asked = []
    count(2)
    expect(totals((await movedOf(TOP, NOW))?.series)).toEqual([7, 7])
    expect(names()).toEqual(['site/', 'site/a'])
  })

  test('asks for the values of a label together with what they are of, as many as an answer has room for', async () => {
    const [whole] = TOP
    const broken = whole && { ...whole, breakdown: { label: 'plan', parts: [] } }
    await movedOf(broken === undefined ? [] : [broken], NOW)
    const later = { ...NOW, mayWake: false, nowMs: FROM_MS + 99 * HOUR_MS }
    await movedOf(broken === undefined ? [] : [broken], later)
    expect(asked.map((search) => [search.get('by'), search.get('limit')])).toEqual([
      ['plan', '200'],
      ['plan', '97'],
    ])
  })

  test('has nothing to show after a flush, so Postgres is read, which is awake then', async () => {
    shards.asOf = 'b'
    expect(await movedOf(TOP, NOW)).toBeUndefined()
  })

  test('asks for the keys too after a read of Postgres, because a flush may have landed between theirs and the prefix', async () => {
    const [whole, key] = TOP
    const read = [whole, key && { ...key, asOf: 'older' }].filter((own) => own !== undefined)
    expect(await movedOf(read, { ...NOW, isChecked: false })).toBeUndefined()
  })

  test('leaves Postgres asleep when the hour turns and nobody is there, until something comes', async () => {
    const later = { ...NOW, nowMs: FROM_MS + 3 * HOUR_MS + 1_000 }
    expect(await movedOf(TOP, later)).toBeUndefined()
    const alone = { ...later, mayWake: false }
    expect(await movedOf(TOP, alone)).toEqual({ series: TOP, isResting: true })
    count(1, FROM_MS + 3 * HOUR_MS)
    expect(await movedOf(TOP, alone)).toBeUndefined()
  })
})
