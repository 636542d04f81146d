import { afterEach, describe, expect, test } from 'vitest'
import { seriesAnswerSchema } from '../../src/edge/read/answers.ts'
import { listAnswerSchema } from '../../src/edge/read/list.ts'
import { READ_MS_MAX } from '../../src/limits.ts'
import { answeredWithin, call, faults, freshKey, ownShard, post, ring } from './support.ts'

afterEach(() => faults.clear())

type Item = { key: string; sum: number; count: number; min: number; max: number }

function list(parameters: Record<string, string>) {
  return read('/keys', parameters)
}

async function read(path: string, parameters: Record<string, string>) {
  const response = await call(`${path}?${new URLSearchParams(parameters)}`)
  const body = (await response.json()) as Record<string, unknown> & {
    items: Item[]
    nextCursor: string | null
  }
  return { status: response.status, body }
}

/** Counts values by key and hour, and has them flushed. */
async function flushed(...counts: [key: string, value: number][]): Promise<string> {
  const shard = ownShard()
  const items = counts.map(([key, value]) => ({ key, value, at: shard.at }))
  expect((await post(items)).status).toBe(202)
  await ring(shard)
  return shard.at
}

describe('GET /keys', () => {
  test('[R2] lists the keys under a prefix, and says when Postgres last received something of it', async () => {
    const [site, beganMs] = [freshKey(), Date.now()]
    const at = await flushed([`${site}/b`, 2], [`${site}/a`, 1], [`${site}/a`, 4], [`${site}!`, 9])
    const { status, body } = await list({ prefix: `${site}/` })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      items: [
        { key: `${site}/a`, sum: 5, count: 2, min: 1, max: 4 },
        { key: `${site}/b`, sum: 2, count: 1, min: 2, max: 2 },
      ],
      nextCursor: null,
    })
    expect(Date.parse(String(body['lastFlushAt']))).toBeGreaterThanOrEqual(beganMs)
    const hour = await list({ prefix: `${site}/`, from: at, to: at })
    expect(hour.body).toMatchObject({ from: at, to: at, items: [], lastFlushAt: null })
  })

  test('turns pages by the cursor, and lists the largest in one', async () => {
    const site = freshKey()
    await flushed(...[3, 1, 2].map((value): [string, number] => [`${site}/${value}`, value]))
    const first = await list({ prefix: site, limit: '2' })
    const second = await list({ prefix: site, limit: '2', cursor: first.body.nextCursor ?? '' })
    expect([...first.body.items, ...second.body.items].map(({ sum }) => sum)).toEqual([1, 2, 3])
    const largest = await list({ prefix: site, limit: '2', sort: '-sum' })
    expect(largest.body).toMatchObject({ items: [{ sum: 3 }, { sum: 2 }], nextCursor: null })
  })

  test('groups by the first segments behind the prefix', async () => {
    const site = freshKey()
    await flushed([`${site}/a`, 1], [`${site}/a/x`, 2], [`${site}/b/y`, 4])
    const { body } = await list({ prefix: `${site}/`, depth: '1' })
    expect(body.items).toEqual([
      { key: `${site}/a`, sum: 3, count: 2, min: 1, max: 2, keys: 2, isKey: true },
      { key: `${site}/b`, sum: 4, count: 1, min: 4, max: 4, keys: 1, isKey: false },
    ])
  })

  test('[A2] sums are exact past 2^53', async () => {
    const site = freshKey()
    const most = Number.MAX_SAFE_INTEGER
    await flushed(...Array.from({ length: 3 }, (): [string, number] => [`${site}/a`, most]))
    for (const depth of ['', '&depth=1']) {
      const text = await (await call(`/keys?prefix=${site}/${depth}`)).text()
      expect(text).toContain('"sum":27021597764222973,"count":3,"min":9007199254740991,')
    }
  })
})

describe('GET /counters?prefix=&bucket=', () => {
  test('[R1] [R2] adds up all keys under a prefix, flushed or not', async () => {
    const site = freshKey()
    const at = await flushed([`${site}/a`, 1], [`${site}/b`, 4], [`${site}!`, 9])
    expect((await post([{ key: `${site}/c`, value: 10 }])).status).toBe(202)
    const parameters = { prefix: `${site}/`, bucket: 'hour' }
    const fresh = await read('/counters', parameters)
    expect(fresh.body).toMatchObject({
      prefix: `${site}/`,
      total: { sum: 15, count: 3, min: 1, max: 10 },
      unsettled: [{ sum: 10, count: 1 }],
      pending: 1,
    })
    const buckets = fresh.body['buckets'] as { start: string; sum: number }[]
    expect(buckets.find(({ start }) => start === at)).toMatchObject({ sum: 5 })
    const committed = await read('/counters', { ...parameters, consistency: 'committed' })
    expect(committed.body).toMatchObject({ total: { sum: 5 }, unsettled: null, pending: null })
  })

  test('[R2] what is unsettled is told without Postgres, and when it has changed', async () => {
    const site = freshKey()
    await faults.inject({ kind: 'answer-500', match: 'sumdial.counters', times: null })
    expect((await post([{ key: `${site}/c`, value: 10 }])).status).toBe(202)
    for (const asked of [{ prefix: site, bucket: 'hour' }, { key: `${site}/c` }]) {
      const parameters = { ...asked, consistency: 'unsettled' } as Record<string, string>
      const { status, body } = await read('/counters', parameters)
      expect([status, body['pending'], body['lastFlushAt']]).toEqual([200, 1, null])
    }
  })

  test('without a bucket is refused, and says where lists are', async () => {
    const { status, body } = await read('/counters', { prefix: 'a', sort: '-sum' })
    expect([status, body['parameter']]).toEqual([422, 'bucket'])
    expect(body['detail']).toContain('/keys?prefix=')
  })
})

describe('GET /keys and GET /counters?prefix=&bucket=', () => {
  test('an answer is of the schema that describes it', async () => {
    const site = freshKey()
    await flushed([`${site}/a/b`, 1])
    const answers = await Promise.all([list({ prefix: site }), list({ prefix: site, depth: '1' })])
    for (const { body } of answers) {
      const items = body.items.map((item) => ({ ...item, sum: BigInt(item.sum) }))
      expect(listAnswerSchema.safeParse({ ...body, items }).error).toBeUndefined()
    }
    const text = await (await call(`/counters?prefix=${site}&bucket=day`)).text()
    const series = JSON.parse(text, (name, value) => (name === 'sum' ? BigInt(value) : value))
    expect(seriesAnswerSchema.safeParse(series).error).toBeUndefined()
  })

  test.each([
    ['key', '/keys?prefix=a&key=a'],
    ['key', '/counters?prefix=a&key=a'],
    ['key', '/counters?key=a&prefix='],
    ['prefix', '/keys?prefix=%ED%A0%80'],
    ['prefix', '/keys?prefix=%01'],
    ['prefix', `/keys?prefix=${'x'.repeat(513)}`],
    ['prefix', '/keys?prefix=a&prefix=b'],
    ['from', '/keys?prefix=a&from=yesterday'],
    ['from', '/keys?prefix=a&from=2026-11-21T21:00:00Z&to=2026-11-21T20:00:00Z'],
    ['from', '/keys?prefix=a&from=1500-01-01T00:00:00Z'],
    ['to', '/keys?prefix=a&to=tomorrow'],
    ['sort', '/keys?prefix=a&sort=sum'],
    ['depth', '/keys?prefix=a&depth=0'],
    ['depth', '/keys?prefix=a&depth=1.5'],
    ['limit', '/keys?prefix=a&limit=0'],
    ['limit', '/keys?prefix=a&limit=1001'],
    ['limit', '/keys?prefix=a&limit=ten'],
    ['cursor', '/keys?prefix=a&cursor='],
    ['cursor', '/keys?prefix=a&cursor=%F0%9F%98%80'],
    ['cursor', '/keys?prefix=a&cursor=WzEsMl0'],
    ['consistency', '/keys?prefix=a&consistency=fresh'],
    ['bucket', '/counters?prefix=a&bucket=minute'],
    ['bucket', '/keys?prefix=a&bucket=day'],
    ['sort', '/counters?prefix=a&bucket=hour&sort=-sum'],
    ['key', '/counters?prefix=a&bucket=hour&key=a'],
    ['colour', '/keys?prefix=a&colour=red'],
  ])('a bad %s is refused by its name: %s', async (parameter, search) => {
    const response = await call(search)
    expect(response.status).toBe(422)
    const problem = (await response.json()) as { detail: string }
    expect(problem).toMatchObject({ title: 'Invalid parameter', parameter })
    expect(problem.detail).toContain(parameter)
  })

  test('a cursor of another list, or with a list by size, is refused', async () => {
    const site = freshKey()
    await flushed([`${site}/a`, 1], [`${site}/b`, 1])
    const cursor = (await list({ prefix: `${site}/`, limit: '1' })).body.nextCursor ?? ''
    const others = [
      { prefix: site },
      { prefix: `${site}/`, depth: '1' },
      { prefix: `${site}/`, from: '2026-01-01T00:00:00Z' },
      { prefix: `${site}/`, sort: '-sum' },
    ]
    for (const other of others) {
      expect(await list({ ...other, cursor })).toMatchObject({ status: 422, body: { parameter: 'cursor' } })
    }
    expect((await list({ prefix: `${site}/`, cursor })).status).toBe(200)
  })

  test('with Postgres away it answers 503', async () => {
    await faults.inject({ kind: 'answer-500', match: 'sumdial.counters' })
    const response = await call('/keys?prefix=a')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
  })

  test('a statement that takes longer than a reader waits is given up with 503', async () => {
    await faults.inject({ kind: 'delay', match: 'sumdial.counters', ms: 60_000 })
    expect((await answeredWithin(READ_MS_MAX, '/keys?prefix=a')).status).toBe(503)
  })
})
