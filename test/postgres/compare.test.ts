import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CounterAnswer, SeriesAnswer } from '../../src/edge/read/answers.ts'
import { must } from '../../src/model/assert.ts'
import { addHours, formatHourStart, hourOf } from '../../src/model/hour.ts'
import type { Labels } from '../../src/model/slices/slice.ts'
import { seeded } from '../support/chance.ts'
import type { Increment } from '../support/increments.ts'
import { IS_THOROUGH } from '../support/thorough.ts'
import { type Stand, startStand } from './stand.ts'
import { NOW, Town } from './town.ts'

const HOUR = hourOf(NOW)
const KEYS = ['site/a', 'site/a/b', 'other']
/** Only the older half of the increments has the last. */
const PLANS = ['free', 'pro', 'team', 'legacy']

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

const RANGES = [
  'range=today&bucket=hour',
  'range=yesterday',
  'range=24h&bucket=hour',
  'range=24h&bucket=day&tz=Asia/Kolkata',
  'range=7d&bucket=day&tz=America/New_York',
  'range=this-month&bucket=week',
  'range=12mo&bucket=month',
  'from=2026-11-20T04:00:00Z&to=2026-11-21T09:00:00Z',
  'from=2026-11-20&to=2026-11-21&bucket=day&tz=Asia/Kolkata',
]

type Answer = CounterAnswer | SeriesAnswer
type Part = Pick<Answer, 'total' | 'buckets'>

/** The parts of an answer by what they are, groups by their values. */
function partsOf({ groups = [], others, unlabelled, overflow, total, buckets }: Answer) {
  const named = { total: { total, buckets }, others, unlabelled, overflow }
  return new Map<string, unknown>([
    ...Object.entries(named),
    ...groups.map((group) => [`=${group.value}`, group] as const),
  ])
}

const plain = (part: unknown) => {
  const { total, buckets } = part as Part
  return { total, buckets }
}

/** A group that the one of two reads has, and the other has not. */
const NOTHING = { sum: 0n, count: 0, min: null, max: null }

describe('a read that is compared', () => {
  test.each(IS_THOROUGH ? [1, 2, 3, 4] : [1])(
    '[R1] [L1] has what two reads have, of the range and of the time before, whatever shards still hold (seed %i)',
    async (seed) => {
      const chance = seeded(seed)
      const pick = <T>(items: readonly T[]): T => must(items[Math.floor(chance() * items.length)], 'an item')
      const town = new Town(stand)
      for (let round = 0; round < 4; round++) {
        town.take(
          Array.from({ length: 60 }, (): Increment => {
            const back = Math.floor(chance() ** 2 * 72)
            const labels: Labels = chance() < 0.7 ? { plan: pick(PLANS.slice(0, back > 30 ? 4 : 3)) } : {}
            const value = 1 + Math.floor(chance() * 100)
            return { key: pick(KEYS), value, hour: addHours(HOUR, -back), labels }
          }),
        )
        await town.flush(Math.floor(chance() * 3))
        for (const range of RANGES) {
          const by = chance() < 0.5 ? '&by=plan&limit=50' : ''
          const of = chance() < 0.5 ? `key=${pick(KEYS)}` : 'prefix=site/'
          const bucket =
            of.startsWith('prefix') && !range.includes('range') && !range.includes('bucket')
              ? '&bucket=hour'
              : ''
          const ask = async (hours: string): Promise<Answer> => {
            const search = `?${of}&freshHours=72&${hours}${by}${bucket}`
            return of.startsWith('key')
              ? must((await town.read(search))[0], 'an answer')
              : town.series(search)
          }
          const answer = await ask(`${range}&compare=previous`)
          const before = must(answer.previous, 'the time before')
          const unit = answer.bucket === null ? 'month' : answer.bucket
          const tz = `tz=${encodeURIComponent(answer.tz)}`
          const [alone, earlier] = [
            await ask(range),
            await ask(`from=${before.from}&to=${before.to}&${tz}${bucket === '' ? `&bucket=${unit}` : ''}`),
          ]
          expect(before.to <= answer.from).toBe(true)
          expect([answer.from, answer.to, answer.pending]).toEqual([alone.from, alone.to, alone.pending])
          expect(answer.unsettled).toEqual(alone.unsettled)
          const [own, now, then] = [partsOf(answer), partsOf(alone), partsOf(earlier)]
          expect(answer.groups?.length).toBe(
            by === '' ? undefined : new Set([...now.keys(), ...then.keys()]).size - 4,
          )
          for (const [name, part] of own) {
            if (part === undefined) continue
            const previous =
              name === 'total' ? before : must((part as { previous?: Part }).previous, 'a part')
            const [partNow, partThen] = [now.get(name), then.get(name)]
            if (partNow === undefined) expect(plain(part).total).toEqual(NOTHING)
            else expect([name, plain(part)]).toEqual([name, plain(partNow)])
            if (partThen === undefined) expect(previous.total).toEqual(NOTHING)
            else if (answer.bucket === null) expect(previous.total).toEqual((partThen as Part).total)
            else expect([name, plain(previous)]).toEqual([name, plain(partThen)])
          }
        }
      }
    },
    60_000,
  )
})

test('[R2] hours between the two periods are not read, so their flushes and bad rows are not told', async () => {
  const town = new Town(stand)
  // Yesterday evening: neither today until now nor yesterday until the same time.
  const evening = formatHourStart(addHours(HOUR, -22))
  const insert = `insert into sumdial.counters (key, hour, sum, count, min, max) values ('k', $1, 'NaN', 1, 1, 1)`
  await stand.pool.query(insert, [evening])
  await stand.pool.query(
    `insert into sumdial.slices (key, hour, labels, sum, count, min, max) values ('k', $1, '{"plan": "pro"}', 1, 1, 1, 1)`,
    [evening],
  )
  for (const search of ['?key=k', '?key=k&by=plan']) {
    const [answer] = await town.read(`${search}&range=today&compare=previous`)
    expect(answer).toMatchObject({
      total: { count: 0 },
      previous: { total: { count: 0 } },
      lastFlushAt: null,
    })
    expect(answer?.groups ?? []).toEqual([])
  }
  const series = await town.series('?prefix=&range=today&compare=previous')
  expect([series.lastFlushAt, series.unreadable]).toEqual([null, undefined])
})

test('an hour stands beside the same hour of last month, also after the clocks were turned', async () => {
  const town = new Town(stand)
  // Noon in New York, whose clocks were turned on 1 November.
  const noon = (iso: string, value: number): Increment => ({ key: 'k', value, hour: hourOf(Date.parse(iso)) })
  town.take([noon('2026-11-10T17:00Z', 5), noon('2026-10-10T16:00Z', 3), noon('2026-10-10T17:00Z', 1_000)])
  await town.flush(50)
  const search = 'range=this-month&bucket=hour&compare=previous&tz=America/New_York'
  const [counter] = await town.read(`?key=k&${search}`)
  for (const { buckets, previous } of [must(counter, 'an answer'), await town.series(`?prefix=&${search}`)]) {
    const { buckets: before, beside } = must(previous, 'the time before')
    const i = buckets.findIndex(({ start }) => start === '2026-11-10T12:00:00-05:00')
    expect([buckets[i]?.sum, before[beside[i] ?? -1]]).toMatchObject([
      5n,
      { start: '2026-10-10T12:00:00-04:00', sum: 3n },
    ])
    expect(beside).toHaveLength(buckets.length)
  }
})

describe('the addresses in docs/api.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8')

  /** The addresses of a section, by the path in the API. */
  function addressesOf(section: string): string[] {
    const text = must(page.split(`\n### ${section}\n`)[1], 'the section').split('\n### ')[0] ?? ''
    return Array.from(text.matchAll(/curl '\S*8787(\/counters\S*)'/g), ([, path = '']) => path)
  }

  async function ask(town: Town, path: string): Promise<Answer> {
    const { pathname, search, searchParams } = new URL(path, 'http://sumdial.test')
    if (searchParams.has('prefix')) return town.series(search)
    const key = pathname.replace('/counters/', '')
    return must((await town.read(`${search}&key=${key}`))[0], 'an answer')
  }

  test('answer tokens by model this month beside last month, and a week beside the week before', async () => {
    const town = new Town(stand)
    const hour = (iso: string) => hourOf(Date.parse(iso))
    const tokens = (at: string, model: string, value: number): Increment => ({
      key: 'tokens/acme',
      value,
      hour: hour(at),
      labels: { model },
    })
    town.take([
      tokens('2026-11-02T10:00Z', 'large', 70),
      tokens('2026-11-21T20:00Z', 'small', 30),
      tokens('2026-10-05T10:00Z', 'large', 40),
      // As late in the month as it is now in Berlin, and an hour later.
      tokens('2026-10-21T19:00Z', 'small', 9),
      tokens('2026-10-21T20:00Z', 'small', 1_000),
      { key: 'site/a', value: 5, hour: HOUR },
      { key: 'site/b', value: 2, hour: addHours(HOUR, -7 * 24) },
    ])
    await town.flush(50)
    const [month = '', week = ''] = addressesOf('Beside the time before')
    expect(await ask(town, month)).toMatchObject({
      total: { sum: 100n },
      previous: { from: '2026-09-30T22:00:00Z', to: '2026-10-21T20:00:00Z', total: { sum: 49n } },
      groups: [
        { value: 'large', total: { sum: 70n }, previous: { total: { sum: 40n } } },
        { value: 'small', total: { sum: 30n }, previous: { total: { sum: 9n } } },
      ],
    })
    const { buckets, previous } = await ask(town, week)
    expect([buckets.map(({ sum }) => sum), previous?.buckets.map(({ sum }) => sum)]).toEqual([
      [0n, 0n, 0n, 0n, 0n, 0n, 5n],
      [0n, 0n, 0n, 0n, 0n, 0n, 2n],
    ])
  })
})
