import { afterEach, describe, expect, test } from 'vitest'
import type { CounterAnswer } from '../../src/edge/read/answers.ts'
import { READ_MS_MAX } from '../../src/limits.ts'
import { addHours, formatHourStart, hourStartMs } from '../../src/model/hour.ts'
import {
  answeredWithin,
  call,
  count,
  currentShard,
  faults,
  freshKey,
  HOUR,
  post,
  query,
  ring,
  rowOf,
  shardOf,
} from './support.ts'

afterEach(() => faults.clear())

/** JSON's numbers round past 2^53, but for what is compared as text. */
async function read<T = CounterAnswer>(path: string): Promise<T> {
  const response = await call(path)
  const body: unknown = await response.json()
  expect({ status: response.status, body }).toMatchObject({ status: 200 })
  return body as T
}

/** Puts what was flushed long ago into Postgres, one increment each. */
async function store(key: string, cells: readonly (readonly [at: string, sum: string])[]): Promise<void> {
  for (const [at, sum] of cells) {
    const insert =
      'insert into sumdial.counters (key, hour, sum, count, min, max) values ($1, $2, $3, 1, 1, 9)'
    await query(insert, [key, at, sum])
  }
}

describe('GET /counters of several keys', () => {
  test('[R1] [R2] answers for each, in their order, what Postgres and the shards have of it', async () => {
    const [a, b, c] = [freshKey(), freshKey(), freshKey()]
    const shard = currentShard()
    const { at } = shard
    await post([
      { key: a, value: 3, at },
      { key: b, value: 5, at },
      { key: b, at },
    ])
    await ring(shard)
    await post([{ key: b, value: 100, at }])
    const { items } = await read<{ items: CounterAnswer[] }>(`/counters?key=${b}&key=${a}&key=${c}`)
    expect(items).toMatchObject([
      { key: b, total: { sum: 106, count: 3 }, pending: 1, lastFlushAt: expect.any(String) },
      { key: a, total: { sum: 3, count: 1 }, pending: 0, lastFlushAt: expect.any(String) },
      { key: c, total: { sum: 0, count: 0 }, pending: 0, lastFlushAt: null },
    ])
  })
})

describe('GET /counters by buckets', () => {
  test('[A2] adds up days, weeks and months of a zone exactly, past 2^53', async () => {
    const key = freshKey()
    await store(key, [
      ['2015-10-31T23:00Z', '9007199254740993'],
      ['2015-11-01T04:00Z', '1'],
      ['2015-11-02T04:00Z', '2'],
      ['2015-11-02T05:00Z', '4'],
    ])
    const ask = async (more: string) => {
      const path = `/counters/${key}?tz=America/New_York&from=2015-10-31T04:00:00Z&to=2015-11-03T05:00:00Z${more}`
      return (await call(path)).text()
    }
    expect(await ask('&bucket=day')).toContain(
      '"bucket":"day","tz":"America/New_York","aligned":true,' +
        '"total":{"sum":9007199254741000,"count":4,"min":1,"max":9},"buckets":[' +
        '{"start":"2015-10-31T00:00:00-04:00","sum":9007199254740993,"count":1,"min":1,"max":9},' +
        '{"start":"2015-11-01T00:00:00-04:00","sum":3,"count":2,"min":1,"max":9},' +
        '{"start":"2015-11-02T00:00:00-05:00","sum":4,"count":1,"min":1,"max":9}]',
    )
    expect(await ask('&bucket=week')).toContain(
      '{"start":"2015-10-26T00:00:00-04:00","sum":9007199254740996,"count":3,',
    )
    expect(await ask('&bucket=month')).toContain('{"start":"2015-11-01T00:00:00-04:00","sum":7,"count":3,')
  })

  test('of a zone whose offset splits hours says so', async () => {
    const key = freshKey()
    await store(key, [
      ['2026-11-20T18:00Z', '1'],
      ['2026-11-20T19:00Z', '2'],
    ])
    const answer = await read(
      `/counters/${key}?tz=Asia/Kolkata&bucket=day&from=2026-11-20T18:00:00Z&to=2026-11-20T20:00:00Z`,
    )
    expect(answer).toMatchObject({
      aligned: false,
      buckets: [
        { start: '2026-11-20T00:00:00+05:30', sum: 1 },
        { start: '2026-11-21T00:00:00+05:30', sum: 2 },
      ],
    })
  })

  test('answers for centuries by the month', async () => {
    const key = freshKey()
    await store(key, [
      ['1400-02-28T23:00Z', '1'],
      ['2100-01-31T23:00Z', '2'],
    ])
    const answer = await read(
      `/counters/${key}?bucket=month&from=1400-01-01T00:00:00Z&to=2101-01-01T00:00:00Z`,
    )
    expect(answer.buckets).toHaveLength(701 * 12)
    expect(answer.buckets.filter(({ count: n }) => n > 0)).toMatchObject([
      { start: '1400-02-01T00:00:00Z', sum: 1 },
      { start: '2100-01-01T00:00:00Z', sum: 2 },
    ])
  })
})

describe('GET /counters with freshHours', () => {
  test('[R1] has what came late and is in no row yet', async () => {
    const key = freshKey()
    const late = addHours(HOUR, -30)
    await count({ key, value: 7, at: formatHourStart(late) })
    const from = `from=${hourStartMs(late)}`
    expect(await read(`/counters/${key}?${from}`)).toMatchObject({ total: { sum: 0 }, pending: 0 })
    const answer = await read(`/counters/${key}?${from}&freshHours=31`)
    expect(answer).toMatchObject({ total: { sum: 7 }, pending: 1 })
    expect(Date.parse(answer.freshFrom ?? '')).toBeLessThanOrEqual(hourStartMs(late))
    await ring(shardOf(late))
    expect(await rowOf(key)).toEqual({ sum: '7', count: '1' })
    expect(await read(`/counters/${key}?${from}&freshHours=31`)).toMatchObject({
      total: { sum: 7 },
      pending: 0,
    })
  })
})

describe('GET /counters while Postgres is away', () => {
  test.each([
    ['refuses', { kind: 'refuse' }],
    ['fails', { kind: 'answer-500' }],
    ['has no table', { kind: 'answer-sqlstate', code: '42P01' }],
  ])('is 503 and names it: it %s', async (_, fault) => {
    await faults.inject({ ...fault, match: 'from sumdial.counters', times: null })
    await expectAway(await call(`/counters/${freshKey()}`))
  })

  test('is 503 and names it once a reader has waited long enough: it hangs', async () => {
    await faults.inject({ kind: 'delay', ms: 60_000, match: 'from sumdial.counters', times: null })
    await expectAway(await answeredWithin(READ_MS_MAX, `/counters/${freshKey()}`))
  })

  async function expectAway(response: Response): Promise<void> {
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('Postgres') })
  }
})
