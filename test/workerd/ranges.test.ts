import { describe, expect, test } from 'vitest'
import type { CounterAnswer, SeriesAnswer } from '../../src/edge/read/answers.ts'
import type { LabelsAnswer } from '../../src/edge/read/labels.ts'
import type { ListAnswer } from '../../src/edge/read/list.ts'
import { addHours, formatHourStart } from '../../src/model/hour.ts'
import { call, count, freshKey, HOUR, post, query } from './support.ts'

async function read<T = CounterAnswer>(path: string): Promise<T> {
  const response = await call(path)
  const body: unknown = await response.json()
  expect({ status: response.status, body }).toMatchObject({ status: 200 })
  return body as T
}

/** Puts what was flushed long ago into Postgres. */
async function store(key: string, cells: readonly (readonly [at: string, sum: number])[]): Promise<void> {
  for (const [at, sum] of cells) {
    await query(
      'insert into sumdial.counters (key, hour, sum, count, min, max) values ($1, $2, $3, 1, 1, 9)',
      [key, at, sum],
    )
  }
}

/** An hour so many hours ago. */
const ago = (hours: number) => formatHourStart(addHours(HOUR, -hours))

describe('GET /counters of a range', () => {
  test('[R1] of everything begins with the first month of the key, and has what is in no row yet', async () => {
    const key = freshKey()
    await store(key, [
      ['2025-03-09T04:00Z', 1],
      ['2025-05-01T00:00Z', 2],
    ])
    await count({ key, value: 4 })
    const answer = await read(`/counters/${key}?range=all`)
    expect(answer).toMatchObject({
      from: '2025-03-01T00:00:00Z',
      bucket: 'month',
      total: { sum: 7 },
      pending: 1,
    })
    expect(answer.buckets.slice(0, 3)).toMatchObject([{ sum: 1 }, { sum: 0 }, { sum: 2 }])
  })

  test('of everything, of a key that was never counted, is nothing', async () => {
    expect(await read(`/counters/${freshKey()}?range=all&bucket=hour`)).toMatchObject({
      total: { sum: 0, count: 0 },
    })
  })

  test('without a bucket is the total alone', async () => {
    const key = freshKey()
    await store(key, [
      [ago(1), 3],
      [ago(400), 5],
    ])
    const answer = await read(`/counters/${key}?range=30d&tz=Asia/Kolkata`)
    expect(answer).toMatchObject({ bucket: null, buckets: [], total: { sum: 8 }, aligned: false })
    const prefix = await read<SeriesAnswer>(`/counters?prefix=${key}&range=24h&tz=Europe/Berlin`)
    expect(prefix).toMatchObject({ bucket: null, buckets: [], total: { sum: 3 }, tz: 'Europe/Berlin' })
    const grouped = await read(`/counters/${key}?range=24h&by=plan`)
    expect(grouped).toMatchObject({ groups: [], unlabelled: { total: { sum: 3 }, buckets: [] } })
  })

  test('of a prefix, of a list and of labels has the same hours', async () => {
    const site = freshKey()
    await store(`${site}/a`, [[ago(100), 2]])
    await store(`${site}/b`, [[ago(30 * 24), 5]])
    const range = 'range=7d&tz=America/New_York'
    const { from, to } = await read(`/counters/${site}/a?${range}`)
    expect(await read<SeriesAnswer>(`/counters?prefix=${site}/&${range}&bucket=day`)).toMatchObject({
      from,
      to,
      total: { sum: 2 },
    })
    expect(await read<ListAnswer>(`/keys?prefix=${site}/&${range}`)).toMatchObject({
      from,
      to,
      items: [{ sum: 2 }],
    })
    expect(await read<LabelsAnswer>(`/labels?prefix=${site}/&${range}`)).toMatchObject({
      from,
      to,
      labels: [],
    })
    const all = await read<ListAnswer>(`/keys?prefix=${site}/&range=all`)
    expect(all).toMatchObject({ from: ago(30 * 24), items: [{ sum: 2 }, { sum: 5 }] })
  })

  test('of a prefix that nothing says how to add up is still refused', async () => {
    const response = await call(`/counters?prefix=${freshKey()}`)
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 422,
      body: { parameter: 'bucket' },
    })
  })
})

describe('GET /counters with compare=previous', () => {
  test('[R1] has tokens by model this month beside last month, in one request', async () => {
    const key = `tokens/${freshKey()}`
    const slice = (hour: string, model: string, sum: number) => [
      query(
        'insert into sumdial.slices (key, hour, labels, sum, count, min, max) values ($1, $2, $3, $4, 1, 1, 9)',
        [key, hour, JSON.stringify({ model }), sum],
      ),
      store(key, [[hour, sum]]),
    ]
    const { from, previous } = await read(`/counters/${key}?range=this-month&compare=previous`)
    const last = previous?.from ?? expect.fail('no previous')
    await Promise.all([slice(last, 'old', 5), slice(from, 'new', 3)].flat())
    await post([{ key, value: 4, labels: { model: 'new' } }])
    expect(await read(`/counters/${key}?by=model&range=this-month&compare=previous`)).toMatchObject({
      total: { sum: 7 },
      previous: { from: last, total: { sum: 5 }, buckets: [] },
      groups: [
        { value: 'new', total: { sum: 7 }, previous: { total: { sum: 0 } } },
        { value: 'old', total: { sum: 0 }, previous: { total: { sum: 5 } } },
      ],
      unlabelled: { total: { sum: 0 }, previous: { total: { sum: 0 } } },
    })
  })

  test('has a bucket beside each bucket, of a prefix too', async () => {
    const site = freshKey()
    await store(`${site}/a`, [
      [ago(2), 3],
      [ago(26), 5],
    ])
    const path = `/counters?prefix=${site}/&range=24h&bucket=hour&compare=previous`
    const { buckets, previous } = await read<SeriesAnswer>(path)
    expect([buckets.length, previous?.buckets.length]).toEqual([24, 24])
    expect([buckets.at(-3)?.sum, previous?.buckets.at(-3)?.sum]).toEqual([3, 5])
  })
})
