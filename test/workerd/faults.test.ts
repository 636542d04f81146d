import { createScheduledController, evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, test } from 'vitest'
import worker from '../../src/index.ts'
import { cellOf } from '../../src/model/cell.ts'
import { addHours, hourOf } from '../../src/model/hour.ts'
import {
  call,
  clock,
  count,
  currentShard,
  drained,
  env,
  faults,
  flight,
  freshKey,
  HOUR,
  type OwnShard,
  ownShard,
  post,
  query,
  ring,
  rowOf,
  shardOf,
  WAIT,
} from './support.ts'

afterEach(() => faults.clear())

/** An instance that is gone takes its backoff with it, so that the next ring flushes at once. */
async function ringAnew(shard: OwnShard): Promise<void> {
  await evictDurableObject(shard.stub)
  expect(await ring(shard)).toBe(true)
}

/** Leaves the storage as a deploy of another version, or a roll-back from one, would leave it. */
function rewriteJournal(shard: OwnShard, from: string, to: string): Promise<void> {
  return runInDurableObject(shard.stub, (_, ctx) => {
    ctx.storage.sql.exec('update journal set flight = replace(flight, ?, ?)', from, to)
  })
}

describe('Postgres away', () => {
  test('[I5] ingest goes on, and all of it arrives when Postgres is back', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await faults.inject({ kind: 'answer-500', times: null })
    for (let i = 0; i < 5; i++) {
      await count({ key, at: shard.at })
      await ring(shard)
    }
    expect(await rowOf(key)).toBeUndefined()
    expect((await shard.stub.status()).fault).toMatchObject({ kind: 'ambiguous' })
    await faults.clear()
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '5', count: '5' })
    expect(await shard.stub.status()).toMatchObject({ fault: null, settled: 5, isConserved: true })
  })

  test('[I1] [F3] a backlog survives evictions', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await faults.inject({ kind: 'refuse', times: null })
    for (let i = 0; i < 4; i++) {
      await count({ key, at: shard.at })
      await ringAnew(shard)
    }
    await evictDurableObject(shard.stub)
    expect(await shard.stub.status()).toMatchObject({ accepted: 4, settled: 0, isConserved: true })
    await faults.clear()
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '4', count: '4' })
  })

  test('[F4] after an eviction the alarm is still armed, and rings in a new instance', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, at: shard.at })
    await ringAnew(shard)
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
  })

  test('[F4] a lost alarm is armed again by whatever wakes the shard', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, at: shard.at })
    await runInDurableObject(shard.stub, (_, ctx) => ctx.storage.deleteAlarm())
    await evictDurableObject(shard.stub)
    await shard.stub.status()
    await expect.poll(() => rowOf(key), WAIT).toEqual({ sum: '1', count: '1' })
  })

  test('[F4] a lost alarm of a quiet shard is armed again by the hourly cron', async () => {
    const [key, shard] = [freshKey(), currentShard()]
    await count({ key, at: shard.at })
    await runInDurableObject(shard.stub, (_, ctx) => ctx.storage.deleteAlarm())
    await evictDurableObject(shard.stub)
    await worker.scheduled(createScheduledController(), env)
    await expect.poll(() => rowOf(key), WAIT).toEqual({ sum: '1', count: '1' })
  })

  test('[F4] an alarm that is lost while its instance lives is armed again, once it is overdue', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, at: shard.at })
    // A platform that lost the alarm leaves none in the storage, and one long past in the memory.
    await runInDurableObject(shard.stub, async (instance, ctx) => {
      await ctx.storage.deleteAlarm()
      Object.assign(instance, { clock: { ...clock, now: () => Date.now() + 2 * 3_600_000 } })
    })
    await count({ key, at: shard.at })
    expect(await runInDurableObject(shard.stub, (_, ctx) => ctx.storage.getAlarm())).not.toBeNull()
  })

  test('[F4] [J1] a shard that cannot read its journal keeps it and its alarm, and goes on when it can', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, at: shard.at })
    await rewriteJournal(shard, '"v":1', '"v":3')
    await ringAnew(shard)
    const status = await (await call(`/status?hour=${shard.hour}`)).json()
    expect(status).toMatchObject({
      shards: [{ shard: shard.name, error: expect.stringContaining('version') }],
    })
    // An error of the shard's own code could quote the journal, so an answer has only the error's name.
    const refused = await post({ key, at: shard.at })
    expect(refused.status).toBe(503)
    expect(((await refused.json()) as { detail: string }).detail).toMatch(/Reason: the shard threw \w+\.$/)
    expect(await runInDurableObject(shard.stub, (_, ctx) => ctx.storage.getAlarm())).toBeGreaterThan(
      Date.now(),
    )
    await rewriteJournal(shard, '"v":3', '"v":1')
    await ringAnew(shard)
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
  })

  test('a full disk is waited out with its reason in the status', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await faults.inject({ kind: 'answer-sqlstate', code: '53100' })
    await count({ key, at: shard.at })
    await ring(shard)
    expect((await shard.stub.status()).fault).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('53100'),
    })
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
  })
})

describe('an answer lost after the commit', () => {
  test('[P1] the same batch is sent again and counts once', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await faults.inject({ kind: 'drop-answer', times: 3 })
    await count({ key, value: 7, at: shard.at })
    await ring(shard)
    expect(await rowOf(key)).toEqual({ sum: '7', count: '1' })
    expect(await shard.stub.status()).toMatchObject({
      frozen: { increments: 1 },
      fault: { kind: 'ambiguous' },
    })
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '7', count: '1' })
  })

  test('[P1] a copy that arrives after later batches changes nothing', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await faults.inject({ kind: 'copy-later' })
    await count({ key, at: shard.at })
    await ring(shard)
    await count({ key, at: shard.at })
    await ring(shard)
    await faults.release()
    expect(await rowOf(key)).toEqual({ sum: '2', count: '2' })
    const [row] = await query(
      'select seq::int, increments::int, sealed from sumdial.ledger where shard = $1',
      [shard.name],
    )
    expect(row).toEqual({ seq: 2, increments: 2, sealed: false })
  })

  test('[F1] a ledger that tells of another past is moved on from, and the move is shown for good', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, at: shard.at })
    await ring(shard)
    await query('update sumdial.ledger set sealed = true where shard = $1', [shard.name])
    await count({ key, at: shard.at })
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '2', count: '2' })
    await evictDurableObject(shard.stub)
    const { moved } = await shard.stub.status()
    expect(moved?.reason).toContain('seq 1, sealed')
    const rows = await query('select seq::int, sealed from sumdial.ledger where shard = $1 order by sealed', [
      shard.name,
    ])
    expect(rows).toEqual([
      { seq: 1, sealed: false },
      { seq: 1, sealed: true },
    ])
  })
})

describe('a parked cell', () => {
  afterEach(() => query('alter table sumdial.counters drop constraint if exists no_junk', []))

  const decide = async (action: string, body: object) => {
    const response = await call(`/parked/${action}`, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, body: await response.json() }
  }

  test('[P3] survives an eviction, is shown with its reason, and arrives after a retry', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await query(`alter table sumdial.counters add constraint no_junk check (key <> '${key}')`, [])
    for (const each of [key, `${key}/good`]) await count({ key: each, at: shard.at })
    await drained(shard)
    expect(await rowOf(`${key}/good`)).toEqual({ sum: '1', count: '1' })
    await evictDurableObject(shard.stub)
    const { parked, parkedKeys, isConserved } = await shard.stub.status()
    expect({ parked, isConserved }).toEqual({ parked: { cells: 1, increments: 1 }, isConserved: true })
    expect(parkedKeys[0]).toMatchObject({ key, reason: expect.stringContaining('no_junk') })

    await query('alter table sumdial.counters drop constraint no_junk', [])
    expect(await decide('retry', { shard: shard.name })).toEqual({ status: 200, body: { increments: 1 } })
    await drained(shard)
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
  })

  test('[C1] is given up only by name, and stays counted as discarded', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await query(`alter table sumdial.counters add constraint no_junk check (key <> '${key}')`, [])
    await count({ key, at: shard.at })
    await drained(shard)
    expect((await decide('discard', { shard: shard.name })).status).toBe(422)
    expect((await decide('discard', { shard: 'nowhere', keys: [key] })).status).toBe(422)
    expect(await decide('discard', { shard: shard.name, keys: [key] })).toEqual({
      status: 200,
      body: { increments: 1 },
    })
    expect(await shard.stub.status()).toMatchObject({
      accepted: 1,
      discarded: 1,
      parked: { cells: 0 },
      isConserved: true,
    })
  })
})

describe('retirement', () => {
  test('[Z1] deletes all of the shard, its alarm too, and takes nothing after', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    await count({ key, at: shard.at })
    await ring(shard)
    // The next instance lives after the hour's end, its lateness and its grace.
    await evictDurableObject(shard.stub)
    await runInDurableObject(shard.stub, (instance) => {
      Object.assign(instance, { clock: { ...clock, now: () => Date.now() + 80 * 3_600_000 } })
    })
    expect(await ring(shard)).toBe(true)
    expect(await shard.stub.merge(flight('isolate', 1, [[key, cellOf(1)]]))).toMatchObject({
      reason: 'closed',
    })
    const left = await runInDurableObject(shard.stub, async (_, ctx) => ({
      tables: ctx.storage.sql
        .exec(`select name from sqlite_master where name in ('state', 'journal')`)
        .toArray(),
      alarm: await ctx.storage.getAlarm(),
    }))
    expect(left).toEqual({ tables: [], alarm: null })
    const [row] = await query('select sealed from sumdial.ledger where shard = $1', [shard.name])
    expect(row).toEqual({ sealed: true })
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
  })
})

describe('while a flush is in the air', () => {
  test('[F2] [R1] increments go into the next batch, and fresh reads are exact all the while', async () => {
    const key = freshKey()
    const shard = currentShard()
    const total = async () =>
      ((await (await call(`/counters/${key}`)).json()) as { total: { count: number } }).total.count
    await count({ key, at: shard.at })
    // Longer than what follows takes on a busy machine.
    await faults.inject({ kind: 'delay', ms: 3_000 })
    const flush = ring(shard)
    // Until it is frozen, the next increments would go with it.
    await expect.poll(async () => (await shard.stub.status()).frozen.increments).toBe(1)
    let counted = 1
    for (; counted < 6; counted++) {
      expect(await total()).toBe(counted)
      await count({ key, at: shard.at })
    }
    expect((await shard.stub.status()).frozen.increments).toBe(1)
    await flush
    expect(await rowOf(key)).toEqual({ sum: '1', count: '1' })
    await ring(shard)
    expect(await rowOf(key)).toEqual({ sum: String(counted), count: String(counted) })
    expect(await total()).toBe(counted)
  })
})

describe('a fresh read', () => {
  test("[R1] that spans a shard's first flush counts it once", async () => {
    const [key, shard] = [freshKey(), shardOf(addHours(HOUR, -1))]
    await count({ key, value: 5, at: shard.at })
    await faults.inject({ kind: 'delay', ms: 700, match: 'from sumdial.counters' })
    const read = call(`/counters/${key}?freshHours=2`)
    // Answered by the shard after the read's own question; the rows are read after the flush that follows.
    await call(`/status?hour=${shard.hour}`)
    await ring(shard)
    expect(await (await read).json()).toMatchObject({ total: { sum: 5, count: 1 } })
    expect(await rowOf(key)).toEqual({ sum: '5', count: '1' })
  })
})

describe('a flight', () => {
  test('[I4] is counted once, however often it is sent: open, frozen, settled or after an eviction', async () => {
    const [key, shard] = [freshKey(), ownShard()]
    const again = async () => {
      expect(await shard.stub.merge(flight('isolate', 7, [[key, cellOf(5)]]))).toEqual({ kind: 'accepted' })
      expect((await shard.stub.status()).accepted).toBe(1)
    }
    await again()
    await again()
    await evictDurableObject(shard.stub)
    await again()
    await faults.inject({ kind: 'answer-500' })
    await ring(shard)
    await again()
    await drained(shard)
    await again()
    await evictDurableObject(shard.stub)
    await again()
    expect(await rowOf(key)).toEqual({ sum: '5', count: '1' })
  })

  test('[I4] given up by its sender is refused when it arrives after a later one', async () => {
    const shard = ownShard()
    expect(await shard.stub.merge(flight('isolate', 2, [['k', cellOf(1)]]))).toEqual({ kind: 'accepted' })
    expect(await shard.stub.merge(flight('isolate', 1, [['k', cellOf(1)]]))).toEqual({
      kind: 'refused',
      reason: 'stale',
    })
    expect((await shard.stub.status()).accepted).toBe(1)
  })

  test('[J1] of an unknown version is refused and touches nothing', async () => {
    const shard = ownShard()
    const later = '{"v":3,"name":["isolate",1],"cells":[["k"],[1],[1],[1],[1]]}'
    expect(await shard.stub.merge(later)).toEqual({ kind: 'refused', reason: 'unknown_version' })
    expect((await shard.stub.status()).accepted).toBe(0)
    expect(await ring(shard)).toBe(false)
  })

  test('for an hour that has closed is refused', async () => {
    const shard = shardOf(hourOf(Date.UTC(2001, 0)))
    expect(await shard.stub.merge(flight('isolate', 1, [['k', cellOf(1)]]))).toEqual({
      kind: 'refused',
      reason: 'closed',
    })
  })

  test('waking a shard writes nothing', async () => {
    const shard = ownShard()
    await shard.stub.wake()
    await shard.stub.status()
    const tables = await runInDurableObject(shard.stub, (_, ctx) =>
      ctx.storage.sql.exec(`select name from sqlite_master where name in ('state', 'journal')`).toArray(),
    )
    expect(tables).toEqual([])
    expect(await ring(shard)).toBe(false)
  })
})
