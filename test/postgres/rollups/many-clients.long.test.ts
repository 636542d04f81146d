import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { cellOf } from '../../../src/model/cell.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { NotAnswered } from '../../../src/postgres/execute.ts'
import { createRetention } from '../../../src/postgres/retention.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { seeded } from '../../support/chance.ts'
import { type Stand, startStand, WAYS } from '../stand.ts'
import { applyUntilDone, batchOf, DAYS, dayOf, hourIn } from './deeds.ts'
import { rollupsOneByOne } from './one-by-one.ts'
import { keepTruth, wrongReads } from './truth.ts'

const WRITERS = 16
const BATCHES = 20
const ROLLERS = 4
const SWEEPERS = 2
const READERS = 2

let stand: Stand
let readers: pg.Pool
beforeAll(async () => {
  stand = await startStand(16)
  await keepTruth((sql) => stand.pool.query(sql))
  readers = new pg.Pool({
    connectionString: stand.url,
    application_name: 'reader',
    max: READERS + SWEEPERS + 1,
  })
  // Postgres may stop before a connection has ended.
  readers.on('error', () => undefined)
})
afterAll(async () => {
  await readers?.end()
  await stand?.stop()
})

const ask = async (sql: string) => (await readers.query<Record<string, unknown>>(sql)).rows
const wrong = () => wrongReads(ask)

/** Few keys and hours, so that everybody meets. Some batches are of a day that another has just given up. */
function someBatch(chance: () => number, writer: string, seq: number): Batch {
  const pick = (n: number) => Math.floor(chance() * n)
  const isYoung = chance() < 0.1
  const cells: KeyedCell[] = Array.from({ length: 1 + pick(4) }, () => {
    const labels = chance() < 0.4 ? labelsText({ plan: `p${pick(2)}` }) : ''
    return [`k${pick(4)}${labels}`, cellOf(1 + pick(9))]
  })
  const distinct = [...new Map(cells)]
  const hour = isYoung ? hourOf(Date.now()) : hourIn(pick(DAYS), pick(3) * 11)
  return batchOf(hour, distinct, writer, seq)
}

/** A connection that is cut and a lock that is waited for too long are part of life; a deadlock or an error is not. */
function isOfLife(error: unknown): boolean {
  return error instanceof NotAnswered && error.failure.kind === 'ambiguous' && !/40P01/.test(error.message)
}

async function untilDone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!isOfLife(error)) throw error
    return undefined
  }
}

test('[D1] [P2] no read is wrong at any moment, and nothing deadlocks, while batches come late, roll-ups, retention and kills run', async () => {
  const chance = seeded(7)
  const writing = { left: WRITERS }
  const isOver = () => writing.left === 0
  const tally = { made: 0, partlyMade: 0, gone: 0, reads: 0, killed: 0 }
  const over = (n: number): Postgres => stand.over(WAYS[n % WAYS.length] ?? 'TCP')

  async function write(n: number): Promise<void> {
    const sink = createSink(over(n))
    const writer = crypto.randomUUID()
    for (let seq = 1; seq <= BATCHES; seq++) {
      const batch = someBatch(chance, writer, seq)
      const copies = chance() < 0.2 ? [createSink(over(n + 1)), sink] : [sink]
      const failures = await Promise.all(copies.map((each) => applyUntilDone(each, batch)))
      expect(JSON.stringify(failures)).not.toContain('40P01')
      for (const each of copies) each.end()
    }
    writing.left--
  }
  async function roll(n: number): Promise<void> {
    // Some make days in pieces, and others whole.
    const rollups = rollupsOneByOne(over(n), n % 2 === 0 ? 1 : undefined)
    while (!isOver()) {
      const made = await untilDone(() => rollups.makeDay(dayOf(Math.floor(chance() * DAYS))))
      if (made?.kind === 'made') tally.made++
      if (made?.kind === 'partly_made') tally.partlyMade++
      if (chance() < 0.02) await untilDone(() => rollups.makeAllAgain())
    }
  }
  async function sweep(n: number): Promise<void> {
    const deleteBefore = createRetention(over(n))
    while (!isOver()) {
      // Days are given up one after another, so that some still go to and fro.
      const share = 1 - writing.left / WRITERS
      await untilDone(() => deleteBefore(hourIn(Math.floor(share * DAYS))))
      tally.gone++
      await ask('select pg_sleep(0.01)')
    }
  }
  async function read(): Promise<void> {
    while (!isOver()) {
      expect(await wrong()).toEqual([])
      tally.reads++
    }
  }
  async function kill(): Promise<void> {
    while (!isOver()) {
      const killed = await ask(`select pg_terminate_backend(pid) from pg_stat_activity
where application_name <> 'reader' and pid <> pg_backend_pid() and state <> 'idle' and query ~ 'sumdial'
order by random() limit 1`)
      tally.killed += killed.length
      await ask('select pg_sleep(0.05)')
    }
  }
  const times = (n: number, work: (i: number) => Promise<void>) =>
    Array.from({ length: n }, (_, i) => work(i))
  await Promise.all([
    ...times(WRITERS, write),
    ...times(ROLLERS, roll),
    ...times(SWEEPERS, sweep),
    ...times(READERS, read),
    kill(),
  ])
  expect(Object.values(tally).every((n) => n > 3)).toBe(true)

  expect(await wrong()).toEqual([])
  const rollups = rollupsOneByOne(stand.postgres)
  for (let day = 0; day < DAYS; day++) await rollups.makeDay(dayOf(day))
  await createRetention(stand.postgres)(hourIn(DAYS))
  expect(await wrong()).toEqual([])
  const sums =
    await ask(`select (select sum(count) from sumdial.daily)::int - (select sum(increments) from sumdial.ledger)::int
as difference`)
  expect(sums).toEqual([{ difference: 0 }])
}, 180_000)
