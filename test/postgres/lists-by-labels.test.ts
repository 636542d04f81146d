import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ListAnswer, listAnswer, parseListQuery } from '../../src/edge/read/list.ts'
import { hourOf } from '../../src/model/hour.ts'
import { createLister } from '../../src/postgres/list.ts'
import { seeded } from '../support/chance.ts'
import type { Increment } from '../support/increments.ts'
import { noFirstHour } from '../support/queries.ts'
import { goodOf } from '../support/result.ts'
import { type Stand, startStand } from './stand.ts'
import { NOW, Town } from './town.ts'

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
})
afterAll(() => stand?.stop())
beforeEach(() => stand.reset())

const ask = (search: string, grant: string | null = null) => parseListQuery(search, grant, NOW, noFirstHour)

async function list(search: string, grant: string | null = null): Promise<ListAnswer> {
  return listAnswer(goodOf(await ask(search, grant)), createLister(stand.postgres))
}

const increment = (key: string, value: number, labels?: Increment['labels']): Increment => {
  return { key, value, hour: hourOf(NOW), ...(labels !== undefined && { labels }) }
}

describe('a list by labels', () => {
  test('[L1] has the ten largest customers of one endpoint as naive adding up has them, and all of them in pages', async () => {
    const chance = seeded(1)
    const town = new Town(stand)
    const endpoints = ['/v1/search', '/v1/chat', '/v1/search:batch']
    town.take(
      Array.from({ length: 600 }, () => {
        const endpoint = endpoints[Math.floor(chance() * 4)]
        const labels = { ...(endpoint !== undefined && { endpoint }), plan: chance() < 0.5 ? 'pro' : 'free' }
        return increment(`calls/c${Math.floor(chance() * 40)}`, 1 + Math.floor(chance() * 99), labels)
      }),
    )
    await town.flush(1_000)
    const own = town.all.filter(({ labels }) => labels?.['endpoint'] === '/v1/search')
    const expected = [...Map.groupBy(own, ({ key }) => key)].map(([key, all]) => {
      const values = all.map(({ value }) => value)
      const sum = BigInt(values.reduce((a, b) => a + b, 0))
      return { key, sum, count: all.length, min: Math.min(...values), max: Math.max(...values) }
    })
    const search = '?prefix=calls/&where=endpoint:/v1/search'
    const largest = expected.toSorted((a, b) => Number(b.sum - a.sum) || (a.key < b.key ? -1 : 1))
    expect((await list(`${search}&sort=-sum&limit=10`)).items).toEqual(largest.slice(0, 10))
    const shown: ListAnswer['items'] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: ListAnswer = await list(`${search}&limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`)
      shown.push(...page.items)
      cursor = page.nextCursor
    }
    expect(shown).toEqual(expected.toSorted((a, b) => (a.key < b.key ? -1 : 1)))
  })

  test('[S2] has groups of what has the labels, and shows a token its own keys alone', async () => {
    const town = new Town(stand)
    town.take([
      increment('calls/a/x', 1, { plan: 'pro' }),
      increment('calls/a/y', 2, { plan: 'pro', kind: 'in' }),
      increment('calls/a/z', 4),
      increment('calls/b/x', 8, { plan: 'free' }),
      increment('calls/ab', 16, { plan: 'pro' }),
    ])
    await town.flush(100)
    expect((await list('?prefix=calls/&depth=1&where=plan:pro')).items).toEqual([
      { key: 'calls/a', sum: 3n, count: 2, min: 1, max: 2, keys: 2, isKey: false },
      { key: 'calls/ab', sum: 16n, count: 1, min: 16, max: 16, keys: 1, isKey: true },
    ])
    const keysOf = async (search: string, grant: string | null) =>
      (await list(search, grant)).items.map(({ key }) => key)
    expect(await keysOf('?prefix=&where=plan:pro&where=plan:free', 'calls/a')).toEqual([
      'calls/a/x',
      'calls/a/y',
    ])
    expect(await keysOf('?prefix=calls/&where=plan:pro&where=kind:', null)).toEqual(['calls/a/x', 'calls/ab'])
  })

  test('[L2] has nothing of what overflowed', async () => {
    const town = new Town(stand, 2)
    town.take(['a', 'b', 'c', 'd'].map((id) => increment('k', 1, { id, plan: 'pro' })))
    await town.flush(100)
    expect((await list('?prefix=k&where=plan:pro')).items).toMatchObject([{ key: 'k', sum: 2n }])
    expect((await list('?prefix=k')).items).toMatchObject([{ key: 'k', sum: 4n }])
  })

  test('must ask for a value, and stays that of its first page', async () => {
    for (const where of ['where=plan:', 'where=plan:pro&where=plan:']) {
      expect(await ask(`?prefix=&${where}`)).toMatchObject({
        error: { parameter: 'where', fault: expect.stringContaining('must ask for a value') },
      })
    }
    const town = new Town(stand)
    town.take(['a', 'b'].map((key) => increment(key, 1, { plan: 'pro', kind: 'in' })))
    await town.flush(100)
    const { nextCursor } = await list('?prefix=&where=plan:pro&limit=1')
    expect(nextCursor).not.toBeNull()
    for (const where of ['', '&where=kind:in', '&where=plan:pro&where=kind:in']) {
      expect(await ask(`?prefix=&cursor=${nextCursor}${where}`)).toMatchObject({
        error: { parameter: 'cursor' },
      })
    }
  })
})
