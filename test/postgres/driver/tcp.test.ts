import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { createLedger } from '../../../src/postgres/ledger.ts'
import { createReader } from '../../../src/postgres/reader.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { frozenBatch } from '../../support/batches.ts'
import { startLossyProxy } from '../../support/lossy-proxy.ts'
import { hasty, postgresAt } from '../../support/postgres-at.ts'
import { startTappedProxy, type TappedProxy } from '../../support/tapped-proxy.ts'
import { type Stand, startStand } from '../stand.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'
const CELLS: KeyedCell[] = [['k', cellOf(1)]]
const APPLIED = { kind: 'applied' }

let stand: Stand
let proxy: TappedProxy

beforeAll(async () => {
  stand = await startStand(4)
  proxy = await startTappedProxy(Number(new URL(url()).port))
})

afterAll(async () => {
  await proxy?.close()
  await stand?.stop()
})

beforeEach(async () => {
  await stand.reset()
  proxy.reset()
})

function url(): string {
  return stand.over('TCP').address.url
}

const watched = () => postgresAt({ kind: 'tcp', url: proxy.through(url()) })
const batch = (seq: number) => frozenBatch(WRITER, seq, CELLS)
const allClosed = () => expect.poll(() => proxy.open()).toBe(0)

/** Statements of clients other than the test's own that Postgres runs, or has them wait. */
async function running(): Promise<number> {
  const { rows } = await stand.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where state = 'active' and query like '%sumdial.counters%' and pid <> pg_backend_pid() and query not like 'lock%'`,
  )
  return rows[0]?.n ?? 0
}

describe('a connection', () => {
  test('is one for all batches of an alarm, and ends with it', async () => {
    const sink = createSink(watched())
    for (const seq of [1, 2, 3]) expect(await sink.apply(batch(seq))).toEqual(APPLIED)
    expect(await sink.seal(WRITER, '2026-11-21T20Z/0')).toMatchObject({ kind: 'sealed' })
    expect(proxy.seen).toMatchObject({ connections: 1, statements: 4 })
    expect(proxy.open()).toBe(1)
    sink.end()
    await allClosed()
  })

  test('is another for the next alarm', async () => {
    const sink = createSink(watched())
    await sink.apply(batch(1))
    sink.end()
    expect(await sink.apply(batch(2))).toEqual(APPLIED)
    sink.end()
    expect(proxy.seen.connections).toBe(2)
    await allClosed()
  })

  test('is one for a committed read, with one statement, and one for all steps of a sweep', async () => {
    const read = createReader(watched())
    await read({ keys: ['k'], buckets: [HOUR], to: addHours(HOUR, 1), writers: [WRITER] })
    expect(proxy.seen).toMatchObject({ connections: 1, statements: 1 })
    await allClosed()
    proxy.reset()
    await stand.pool.query(`insert into sumdial.ledger (writer, shard, seq, sealed, sealed_at)
      select gen_random_uuid(), 'x', 1, true, now() - interval '32 days' from generate_series(1, 2500)`)
    expect(await createLedger(watched()).prune()).toBe(2_500)
    expect(proxy.seen).toMatchObject({ connections: 1, statements: 3 })
    await allClosed()
  })

  test('that failed is not used again, and ends at once', async () => {
    const sink = createSink(watched())
    await sink.apply(batch(1))
    await stand.pool.query('alter table sumdial.counters rename to elsewhere')
    expect(await sink.apply(batch(2))).toMatchObject({ kind: 'refused' })
    await stand.pool.query('alter table sumdial.elsewhere rename to counters')
    await allClosed()
    expect(await sink.apply(batch(2))).toEqual(APPLIED)
    sink.end()
    await allClosed()
  })

  test('leaves none open when statements overlap', async () => {
    const sink = createSink(watched())
    await Promise.all([1, 1, 1].map((seq) => sink.apply(batch(seq))))
    sink.end()
    await allClosed()
  })
})

describe.each(['TCP', 'a pooler'] as const)('a statement over %s that is given up', (way) => {
  test('is cancelled in the server, so that none waits there for a lock', async () => {
    const locker = await stand.pool.connect()
    await locker.query('begin; lock table sumdial.counters')
    const sink = createSink(hasty(stand.over(way), 200))
    const one = batch(1)
    for (let i = 0; i < 3; i++) {
      expect(await sink.apply(one)).toMatchObject({ kind: 'ambiguous', isTimeout: true })
      await expect.poll(running).toBe(0)
    }
    await locker.query('commit')
    locker.release()
    const patient = createSink(stand.over(way))
    expect(await patient.apply(one)).toEqual(APPLIED)
    patient.end()
    expect(await stand.sums()).toEqual({ k: '1' })
  })
})

test('a statement whose packets are lost is given up in time, and its socket is destroyed', async () => {
  const lossy = await startLossyProxy(Number(new URL(url()).port))
  try {
    const reached = url().replace(/:\d+\//, `:${lossy.port}/`)
    const sink = createSink(hasty(postgresAt({ kind: 'tcp', url: reached }), 1_000))
    expect(await sink.apply(batch(1))).toEqual(APPLIED)
    lossy.lose()
    const two = batch(2)
    expect(await sink.apply(two)).toEqual({
      kind: 'ambiguous',
      reason: 'no answer in 10000 ms',
      isTimeout: true,
    })
    // Neither the way to cancel nor a new connection gets through.
    expect(await sink.apply(two)).toMatchObject({ kind: 'ambiguous', isTimeout: true })
    lossy.heal()
    await expect.poll(() => sink.apply(two)).toEqual(APPLIED)
    sink.end()
    expect(await stand.sums()).toEqual({ k: '2' })
  } finally {
    await lossy.close()
  }
})
