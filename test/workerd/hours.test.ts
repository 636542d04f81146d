import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hourAnswerSchema } from '../../src/edge/read/hour.ts'
import { cellOf } from '../../src/model/cell.ts'
import { addHours, formatHour, hourOf, hourStartMs } from '../../src/model/hour.ts'
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
  ring,
  shardOf,
  WAIT,
} from './support.ts'

afterEach(() => faults.clear())

/** wrangler.toml's LATE_HOURS. */
const LATE_HOURS = 72

async function hourOfName(name: string) {
  const response = await call(`/hours/${name}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const stateOf = async (shard: OwnShard) => (await hourOfName(shard.hour)).body['state']

let taken = 0

/** The shard of an hour long past its retirement, that no other test uses. */
function closedShard(): OwnShard {
  return shardOf(addHours(HOUR, -LATE_HOURS - 100 - taken++))
}

/** Sets the clock of the machine that the shard is on. It is the instance's: an eviction ends it. */
function setClock(shard: OwnShard, nowMs: number): Promise<void> {
  return runInDurableObject(shard.stub, (instance) => {
    Object.assign(instance, { clock: { ...clock, now: () => nowMs } })
  })
}

/** A closed hour with an increment, counted while it was open. Its alarm is long due, and rings when it likes. */
async function countedShard(key: string): Promise<OwnShard> {
  const shard = closedShard()
  await setClock(shard, Date.parse(shard.at) + 60_000)
  expect(await shard.stub.merge(flight('isolate', 1, [[key, cellOf(7)]]))).toEqual({ kind: 'accepted' })
  await evictDurableObject(shard.stub)
  return shard
}

/** Sumdial's tables that a shard has, and whether it has an alarm. */
function stored(shard: OwnShard) {
  return runInDurableObject(shard.stub, async (_, ctx) => ({
    tables: ctx.storage.sql
      .exec("select name from sqlite_master where name in ('state', 'journal')")
      .toArray(),
    alarm: await ctx.storage.getAlarm(),
  }))
}

describe('GET /hours/{hour}', () => {
  test('of the running hour: open, until when, and what is not settled', async () => {
    const shard = currentShard()
    await count({ key: freshKey(), at: shard.at })
    const { status, body } = await hourOfName(shard.hour)
    expect(status).toBe(200)
    const answer = hourAnswerSchema.parse(body)
    expect(answer).toMatchObject({ hour: shard.hour, state: 'open', parked: 0 })
    expect(answer.pending).toBeGreaterThan(0)
    const closesMs = Date.parse(shard.at) + (LATE_HOURS + 1) * 3_600_000
    expect([answer.closesAt, answer.finalFrom].map(Date.parse)).toEqual([closesMs, closesMs + 70 * 60_000])
  })

  test('of an hour that the edge has just closed: closing, for its shards might still take a flight', async () => {
    const shard = shardOf(addHours(HOUR, -LATE_HOURS - 1))
    expect(await stateOf(shard)).toBe('closing')
  })

  test('of a closed hour that nobody counted in: final by time alone, and asking has written nothing', async () => {
    const shard = closedShard()
    expect((await hourOfName(shard.hour)).body).toMatchObject({ state: 'final', pending: 0, parked: 0 })
    expect(await stored(shard)).toEqual({ tables: [], alarm: null })
  })

  test('of a closed hour with something unsettled: closing, until Postgres has confirmed it', async () => {
    await faults.inject({ kind: 'answer-500', times: null })
    const shard = await countedShard(freshKey())
    expect((await hourOfName(shard.hour)).body).toMatchObject({ state: 'closing', pending: 1, parked: 0 })
    await ring(shard)
    expect((await hourOfName(shard.hour)).body).toMatchObject({ state: 'closing', pending: 1, parked: 0 })
    await faults.clear()
    await drained(shard)
    expect((await hourOfName(shard.hour)).body).toMatchObject({ state: 'final', pending: 0, parked: 0 })
  })

  test('[Z1] stays final when its shard has retired', async () => {
    const shard = await countedShard(freshKey())
    await drained(shard)
    expect(await stateOf(shard)).toBe('final')
    await vi.waitFor(async () => {
      await ring(shard)
      expect(await stored(shard)).toEqual({ tables: [], alarm: null })
    }, WAIT)
    expect(await stateOf(shard)).toBe('final')
  })

  test('[S2] of a closed hour with something parked: closing, but final for whose keys it is not', async () => {
    const key = freshKey()
    await faults.inject({ kind: 'answer-sqlstate', code: '23514', times: 2 })
    const shard = await countedShard(key)
    await drained(shard)
    expect((await hourOfName(shard.hour)).body).toMatchObject({ state: 'closing', pending: 0, parked: 1 })
    expect(await shard.stub.settlement(key)).toEqual({ isShut: true, pending: 0, parked: 1 })
    expect(await shard.stub.settlement(key.slice(0, -1))).toEqual({ isShut: true, pending: 0, parked: 0 })
    const body = JSON.stringify({ shard: shard.name, keys: [key] })
    const headers = { 'content-type': 'application/json' }
    expect((await call('/parked/discard', { method: 'POST', headers, body })).status).toBe(200)
    expect(await stateOf(shard)).toBe('final')
  })

  test('of an hour that its shard closed only now: not final, until any machine would refuse', async () => {
    const shard = closedShard()
    const closesMs = Date.parse(shard.at) + (LATE_HOURS + 1) * 3_600_000
    await setClock(shard, closesMs + 70 * 60_000 - 1)
    expect(await stateOf(shard)).toBe('closing')
    await setClock(shard, closesMs + 70 * 60_000)
    expect(await stateOf(shard)).toBe('final')
    // The shard goes to a machine whose clock is behind by almost an hour: it takes nothing even so.
    await setClock(shard, closesMs + 10 * 60_000)
    const late = await shard.stub.merge(flight('isolate', 1, [[freshKey(), cellOf(1)]]))
    expect(late).toEqual({ kind: 'refused', reason: 'closed' })
  })

  test('is not answered while a shard cannot be asked', async () => {
    const shard = await countedShard(freshKey())
    await runInDurableObject(shard.stub, (_, ctx) => {
      ctx.storage.sql.exec('update journal set flight = replace(flight, ?, ?)', '"v":1', '"v":3')
    })
    await evictDurableObject(shard.stub)
    const response = await call(`/hours/${shard.hour}`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
  })

  test.each([
    ['hour', '2026-11-21'],
    ['hour', '2026-11-21T25Z'],
    ['hour', '2026-02-30T00Z'],
    ['hour', '%ED%A0%80'],
    ['hour', formatHour(addHours(HOUR, 3))],
    ['ledger', '2020-01-01T00Z?ledger=1'],
    ['hour', '2020-01-01T00Z?hour=2020-01-01T00Z'],
  ])('a bad %s is refused by its name: %s', async (parameter, path) => {
    expect(await hourOfName(path)).toMatchObject({ status: 422, body: { parameter } })
  })

  test('a shard tells its own hour by its name, whatever the edge thinks of the time', async () => {
    const future = env.SHARD.getByName(`${formatHour(addHours(HOUR, 1_000))}/0`)
    expect(await future.settlement(null)).toEqual({ isShut: false, pending: 0, parked: 0 })
    const past = env.SHARD.getByName(`${formatHour(hourOf(hourStartMs(hourOf(0))))}/0`)
    expect(await past.settlement(null)).toEqual({ isShut: true, pending: 0, parked: 0 })
  })
})
