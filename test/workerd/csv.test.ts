import { describe, expect, test } from 'vitest'
import { parseCsv, textOf } from '../support/parse-csv.ts'
import { call, freshKey, ownShard, post, query, ring } from './support.ts'
import { ask, envWith } from './tokens.ts'

const ACCEPT = { headers: { accept: 'text/csv' } }

async function asked(path: string) {
  const { status, headers, body } = await whole(path)
  expect({ status, body }).toMatchObject({ status: 200 })
  return { headers, body, rows: parseCsv(body).map((row) => row.map(textOf)) }
}

async function whole(path: string) {
  const response = await call(path, ACCEPT)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

/** Counts values, flushes the first of them, and keeps the others in the shard. */
async function counted(...items: { key: string; value: number; labels?: Record<string, string> }[]) {
  const shard = ownShard()
  const [first, ...others] = items.map((item) => ({ ...item, at: shard.at }))
  expect((await post([first])).status).toBe(202)
  await ring(shard)
  if (others.length > 0) expect((await post(others)).status).toBe(202)
  return { at: shard.at, range: `from=${shard.at}&freshHours=72` }
}

describe('Accept: text/csv', () => {
  test('[R2] answers for keys with a row for each bucket, and with how fresh they are in headers', async () => {
    const [a, b] = [freshKey(), `=${freshKey()}`]
    const { at, range } = await counted({ key: a, value: 3 }, { key: a, value: 4 }, { key: b, value: 1 })
    const path = `/counters?key=${a}&key=${encodeURIComponent(b)}&bucket=month&${range}`
    const { headers, body, rows } = await asked(path)
    const json = (await (await call(path)).json()) as { items: { buckets: { start: string }[] }[] }
    const start = json.items[0]?.buckets[0]?.start
    expect(rows[0]).toEqual(['key', 'start', 'sum', 'count', 'min', 'max'])
    expect(rows).toContainEqual([a, start, '7', '2', '3', '4'])
    expect(rows).toContainEqual([b, start, '1', '1', '1', '1'])
    expect(body).toContain(`\r\n'${b},`)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      vary: 'Accept',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'sumdial-from': at,
      'sumdial-bucket': 'month',
      'sumdial-tz': 'UTC',
      'sumdial-aligned': 'true',
      'sumdial-pending': '2',
      'sumdial-fresh-from': expect.stringMatching(/^\d{4}-.*:00:00Z$/),
      'sumdial-last-flush-at': expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect(headers.has('sumdial-unreadable')).toBe(false)
  })

  test('[L1] [R2] answers by a label with a row for each part, which add up to the total', async () => {
    const site = freshKey()
    const plans = ['pro', '-free', 'none', 'trial'].map((plan, i) => ({
      key: `${site}/${i}`,
      value: 2 ** i,
      ...(plan === 'none' ? {} : { labels: { plan } }),
    }))
    const { range } = await counted(plans[0] ?? { key: site, value: 1 }, ...plans.slice(1))
    const { headers, rows } = await asked(`/counters?prefix=${site}/&by=plan&limit=2&bucket=month&${range}`)
    const [head, ...parts] = rows
    expect(head).toEqual(['prefix', 'plan', 'row', 'start', 'sum', 'count', 'min', 'max'])
    const sumOf = (row: string, value = '') =>
      parts.filter((own) => own[2] === row && own[1] === value).reduce((sum, own) => sum + Number(own[4]), 0)
    expect([sumOf('group', 'trial'), sumOf('group', '-free'), sumOf('others')]).toEqual([8, 2, 1])
    expect([sumOf('unlabelled'), sumOf('overflow'), sumOf('total')]).toEqual([4, 0, 15])
    expect(new Set(parts.map(([prefix]) => prefix))).toEqual(new Set([`${site}/`]))
    expect(headers.get('sumdial-pending')).toBe('3')
  })

  test('[A2] answers for the key in a path, to the last digit', async () => {
    const key = `${freshKey()}/größe`
    const insert =
      'insert into sumdial.counters (key, hour, sum, count, min, max) values ($1, $2, $3, 2, -5, 9)'
    await query(insert, [key, '2015-11-01T04:00Z', '-1180591620717411303425'])
    const range = 'from=2015-11-01T00:00:00Z&to=2015-11-03T00:00:00Z&bucket=day&consistency=committed'
    const { headers, body, rows } = await asked(`/counters/${encodeURIComponent(key)}?${range}`)
    expect(rows.slice(1)).toEqual([
      [key, '2015-11-01T00:00:00Z', '-1180591620717411303425', '2', '-5', '9'],
      [key, '2015-11-02T00:00:00Z', '0', '0', '', ''],
    ])
    expect(body.startsWith('key,')).toBe(true)
    expect(headers.has('sumdial-pending')).toBe(false)
  })

  test('lists keys page by page, by the link in each', async () => {
    const site = freshKey()
    const keys = ['a', '@b', 'c/d', 'c/e', 'f'].map((name) => `${site}/${name}`)
    const { at } = await counted({ key: keys[0] ?? '', value: 1 })
    const insert =
      'insert into sumdial.counters (key, hour, sum, count, min, max) values ($1, $2, 1, 1, 1, 1)'
    for (const key of keys.slice(1)) await query(insert, [key, at])
    const found: string[] = []
    let next: string | undefined = `/keys?prefix=${site}/&depth=1&limit=2`
    while (next !== undefined) {
      const { headers, rows }: Awaited<ReturnType<typeof asked>> = await asked(next)
      expect(rows[0]).toEqual(['key', 'sum', 'count', 'min', 'max', 'keys', 'isKey'])
      found.push(...rows.slice(1).map(([key, , , , , of, isKey]) => `${key} ${of} ${isKey}`))
      next = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
    }
    expect(found).toEqual([`${site}/@b 1 true`, `${site}/a 1 true`, `${site}/c 2 false`, `${site}/f 1 true`])
  })

  test('leaves an error the problem that it is, and HEAD without a body', async () => {
    const refused = await whole('/keys?prefix=a&limit=0')
    expect([refused.status, refused.headers.get('content-type')]).toEqual([422, 'application/problem+json'])
    const head = await call('/keys?prefix=a', { method: 'HEAD', ...ACCEPT })
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
      200,
      'text/csv; charset=utf-8; header=present',
      '',
    ])
  })

  test.each([undefined, '*/*', 'text/csv;q=0.5, application/json'])('is not what %j is', async (accept) => {
    for (const path of [
      '/keys?prefix=a',
      '/counters?key=a',
      '/counters/a',
      '/counters?prefix=a&bucket=day',
    ]) {
      const { headers } = await call(path, accept === undefined ? {} : { headers: { accept } })
      expect([headers.get('content-type'), headers.get('vary')]).toEqual(['application/json', 'Accept'])
    }
  })

  test('[S2] is for the keys of a token alone, and for pages of other origins too', async () => {
    const origin = 'https://page.test'
    const worker = await envWith(
      { a: { scopes: ['read'], prefix: 'site/acme' } },
      { ALLOWED_ORIGINS: origin },
    )
    const init = { headers: { ...ACCEPT.headers, origin } }
    const own = await ask(worker, 'a', '/counters?key=site/acme', init)
    expect([own.status, own.headers.get('vary'), own.headers.get('access-control-expose-headers')]).toEqual([
      200,
      'Accept, Origin',
      '*',
    ])
    const other = await ask(worker, 'a', '/counters?key=site/other', init)
    expect([other.status, other.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
  })
})
