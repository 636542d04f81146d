import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { Coalescer } from '../../src/edge/coalesce/coalescer.ts'
import { addIncrement, noIncrements } from '../../src/model/increments.ts'
import { call, clock, count, env, freshKey, ownShard, post, query, ring, rowOf } from './support.ts'

describe('from route to row', () => {
  test('[I1] an acknowledged increment is in Postgres after the next flush', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, value: 3, at: shard.at })
    await count({ key, value: 4, at: shard.at })
    expect(await rowOf(key)).toBeUndefined()
    expect(await ring(shard)).toBe(true)
    expect(await rowOf(key)).toEqual({ sum: '7', count: '2' })
  })

  test('[A2] sums are exact past 2^53 in Postgres and in an answer', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    for (let i = 0; i < 3; i++) await count({ key, value: Number.MAX_SAFE_INTEGER, at: shard.at })
    await ring(shard)
    expect(await rowOf(key)).toEqual({ sum: '27021597764222973', count: '3' })
    const answer = await (await call(`/counters/${key}?from=${shard.at}&consistency=committed`)).text()
    expect(answer).toContain('"total":{"sum":27021597764222973,"count":3,"min":9007199254740991,')
  })

  test('[K1] each increment is counted in the hour of its own at', async () => {
    const [key, earlier, later] = [freshKey(), ownShard(), ownShard()]
    await post([
      { key, value: 1, at: earlier.at },
      { key, value: 2, at: later.at },
      { key, value: 4, at: later.at },
    ])
    await ring(earlier)
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
    const statuses = await Promise.all([earlier.stub.status(), later.stub.status()])
    expect(statuses.map((status) => status.accepted)).toEqual([1, 2])
  })

  /**
   * From one request alone: the test runner switches off the flag by which workerd lets requests resolve each
   * other's promises. test/e2e/coalescer-load.long.test.ts has the requests, in workerd served directly.
   */
  test('concurrent submissions become few flights', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const send = (name: string, encoded: string) => env.SHARD.getByName(name).merge(encoded)
    const coalescer = new Coalescer({ send, clock })
    const submit = () => {
      const unnamed = noIncrements()
      addIncrement(unnamed, key, 1)
      return coalescer.submit(shard.name, unnamed, () => undefined)
    }
    const landings = await Promise.all(Array.from({ length: 200 }, submit))
    expect(new Set(landings.map((landing) => landing.kind))).toEqual(new Set(['accepted']))
    const [row] = await runInDurableObject(shard.stub, (_, ctx) =>
      ctx.storage.sql.exec<{ flights: number }>('select count(*) as flights from journal').toArray(),
    )
    expect(row?.flights).toBeLessThanOrEqual(2)
    await ring(shard)
    expect(await rowOf(key)).toEqual({ sum: '200', count: '200' })
  })

  test('[I5] a shard that has outgrown a flush does not wait for its interval', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const items = Array.from({ length: 10_000 }, (_, i) => ({ key: `${key}/${i}`, at: shard.at }))
    expect((await post(items)).status).toBe(202)
    await expect.poll(() => rowOf(`${key}/9999`), { timeout: 20_000 }).toEqual({ sum: '1', count: '1' })
  })

  test('[C1] the status of a shard tells what it holds, and that nothing is missing', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    // Test files have shards of their own, but one Postgres.
    await query('delete from sumdial.ledger where shard = $1', [shard.name])
    await count({ key, at: shard.at })
    await ring(shard)
    await count({ key, at: shard.at })
    const answer = await (await call(`/status?hour=${shard.hour}`)).json()
    const audited = await (await call(`/status?hour=${shard.hour}&ledger=1`)).json()
    expect(audited).toMatchObject({ shards: [{ ledger: { increments: 1, agrees: true } }] })
    await query('update sumdial.ledger set increments = 7 where shard = $1', [shard.name])
    const mismatch = await (await call(`/status?hour=${shard.hour}&ledger=1`)).json()
    expect(mismatch).toMatchObject({ shards: [{ ledger: { increments: 7, agrees: false } }] })
    expect(answer).toMatchObject({
      hours: [shard.hour],
      pending: 1,
      isConserved: true,
      shards: [
        { shard: shard.name, accepted: 2, settled: 1, open: { cells: 1, increments: 1 }, fault: null },
      ],
    })
  })
})
