import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { REFUSED_ALIKE_MAX, TIMEOUTS_MAX } from '../../src/limits.ts'
import type { FlushLine } from '../../src/log.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import { hourOf } from '../../src/model/hour.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { Flusher } from '../../src/shard/flush.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'
import { hasty } from '../support/postgres-at.ts'
import { type Stand, startStand } from './stand.ts'

/** The shard's own code over a real PostgreSQL: its alarm is rung by hand, and its waits pass at once. */

const START = Date.UTC(2026, 10, 21, 20)
const RETIRE_AT = START + 100 * 3_600_000

let stand: Stand
let clock: FakeClock
let sql: ReturnType<typeof nodeSql>
let store: ShardStore
let flusher: Flusher
let alarmAtMs: number
let n = 0
let logged: FlushLine[]

beforeAll(async () => {
  stand = await startStand(8)
})

afterAll(() => stand?.stop())

beforeEach(async () => {
  await stand.reset()
  clock = new FakeClock(START)
  sql = nodeSql()
  store = new ShardStore(sql, () => crypto.randomUUID())
  logged = []
  flusher = flusherOf(stand.sink)
})

function flusherOf(sink: Stand['sink']): Flusher {
  return new Flusher({
    name: { hour: hourOf(START), slot: 0 },
    store,
    alarm: {
      set: (atMs) => {
        alarmAtMs = atMs
      },
    },
    sink,
    clock,
    log: (line) => logged.push(line),
    intervalMs: 5_000,
    retireAtMs: RETIRE_AT,
    erase: () => store.forget(),
  })
}

function open(cells: readonly KeyedCell[]): void {
  store.merge([arrivalOf('isolate', ++n, cells)], clock.now())
}

/** Rings the alarm when it is due, until nothing waits for Postgres or nothing moves any more. */
async function drain(rings = 20): Promise<void> {
  for (let i = 0; i < rings; i++) {
    await flusher.run()
    expectConserved()
    if (store.openCells === 0 && store.frozen.length === 0) return
    await clock.pass(Math.max(0, alarmAtMs - clock.now()))
  }
}

function expectConserved(): void {
  const { accepted, settled, discarded, open: o, frozen, parked } = store.holdings()
  expect(accepted).toBe(settled + discarded + o.increments + frozen.increments + parked.increments)
  expect(new ShardStore(sql, () => 'other').holdings()).toEqual(store.holdings())
}

const cells = (count: number, prefix = 'k/'): KeyedCell[] =>
  Array.from({ length: count }, (_, i) => [`${prefix}${String(i).padStart(5, '0')}`, cellOf(i + 1)])

async function withConstraint(check: string, body: () => Promise<void>): Promise<void> {
  await stand.pool.query(`alter table sumdial.counters add constraint refused check (${check})`)
  try {
    await body()
  } finally {
    await stand.pool.query('alter table sumdial.counters drop constraint refused')
  }
}

describe('a cell that Postgres refuses', () => {
  test('[P3] is parked with its reason, and each of its thousands of neighbours gets through once', async () => {
    const all = [...cells(6_000), ['bad/1', cellOf(7)], ['bad/2', cellOf(9)]] as KeyedCell[]
    await withConstraint(`key not like 'bad/%'`, async () => {
      open(all)
      await drain()
    })
    expect(await stand.sums()).toEqual(Object.fromEntries(cells(6_000).map(([k, c]) => [k, String(c.sum)])))
    expect([...store.parked.keys()].toSorted()).toEqual(['bad/1', 'bad/2'])
    expect(store.parked.get('bad/1')?.reason).toContain('SQLSTATE 23514')
    const parked = logged.filter(({ message }) => message === 'parked')
    expect(parked).toHaveLength(2)
    expect(parked[0]).toMatchObject({ reason: 'SQLSTATE 23514', cells: 1, increments: 1 })
    expect(logged.some(({ message }) => message === 'halved')).toBe(true)
    expect(JSON.stringify(logged)).not.toContain('bad')
    expect(store.holdings()).toMatchObject({ settled: 6_000, parked: { cells: 2, increments: 2 } })
  })

  test('[P3] takes later cells of its key along, and is read all the while', async () => {
    await withConstraint(`key <> 'bad'`, async () => {
      open([['bad', cellOf(7)]])
      await drain()
      open([
        ['bad', cellOf(1)],
        ['good', cellOf(1)],
      ])
      await drain()
    })
    expect(store.holdings()).toMatchObject({ settled: 1, parked: { cells: 1, increments: 2 } })
    expect(store.unsettled('bad').parked).toEqual({ sum: 8n, count: 2, min: 1, max: 7 })
  })

  test('[P3] [C1] is in Postgres once after a retry, or given up and still counted', async () => {
    await withConstraint(`key not like 'bad/%'`, async () => {
      open([
        ['bad/1', cellOf(7)],
        ['bad/2', cellOf(9)],
      ])
      await drain()
      expect(store.retryParked(['bad/1', 'unknown'], clock.now())).toBe(1)
      await drain()
      expect([...store.parked.keys()].toSorted()).toEqual(['bad/1', 'bad/2'])
    })
    expect(store.retryParked(['bad/1'], clock.now())).toBe(1)
    expect(store.discardParked(['bad/2'])).toBe(1)
    await drain()
    expect(await stand.sums()).toEqual({ 'bad/1': '7' })
    expect(store.holdings()).toMatchObject({ accepted: 2, settled: 1, discarded: 1, parked: { cells: 0 } })
  })

  test('[P3] when all are refused alike it is not the cells: few are parked, and the rest waits', async () => {
    await withConstraint('false', async () => {
      open(cells(500))
      await drain(15)
      expect(store.parked.size).toBe(REFUSED_ALIKE_MAX)
      expect(flusher.fault).toMatchObject({ kind: 'refused', reason: expect.stringContaining('23514') })
      expect(store.holdings().frozen.increments).toBe(500 - REFUSED_ALIKE_MAX)
    })
    await drain()
    expect(Object.keys(await stand.sums())).toHaveLength(500 - REFUSED_ALIKE_MAX)
    store.retryParked([...store.parked.keys()], clock.now())
    await drain()
    expect(Object.keys(await stand.sums())).toHaveLength(500)
  })

  test('[P3] a missing table parks nothing', async () => {
    open(cells(10))
    await stand.pool.query('alter table sumdial.counters rename to elsewhere')
    await drain(5)
    await stand.pool.query('alter table sumdial.elsewhere rename to counters')
    expect(store.parked.size).toBe(0)
    await drain()
    expect(Object.keys(await stand.sums())).toHaveLength(10)
  })
})

describe('a batch that times out again and again', () => {
  test('[P1] [P3] is cut in halves, and counts once even when a timed-out copy was applied', async () => {
    const impatient = createSink(hasty(stand.postgres, 50))
    flusher = flusherOf(impatient)
    open(cells(8))
    // Executed late, so every one of these copies may be applied after it was given up.
    stand.faults.inject({ kind: 'delay', ms: 150, times: TIMEOUTS_MAX, match: /claim as/ })
    await drain()
    await expect
      .poll(() => stand.faults.log.filter(({ fault }) => fault === 'delay').length)
      .toBe(TIMEOUTS_MAX)
    await drain()
    expect(await stand.sums()).toEqual(Object.fromEntries(cells(8).map(([k, c]) => [k, String(c.sum)])))
    expect(store.holdings()).toMatchObject({ settled: 8, frozen: { batches: 0 } })
  })
})

describe('a ledger that tells of another past', () => {
  const [first, second] = [cells(3, 'a/'), cells(3, 'b/')]

  test.each([
    ['the writer was sealed', `update sumdial.ledger set sealed = true`],
    ['its row is gone', 'delete from sumdial.ledger'],
    ['it is far behind', 'update sumdial.ledger set seq = 0'],
  ])('[F1] is moved on from, to a new writer, and said: %s', async (_, statement) => {
    open(first)
    await drain()
    open(first)
    await drain()
    const { writer } = store
    await stand.pool.query(statement)
    open(second)
    await drain()
    expect(store.writer).not.toBe(writer)
    expect(store.holdings().moved?.reason).toContain('the ledger has')
    expect(logged).toContainEqual(expect.objectContaining({ message: 'rewound', outcome: 'rewound' }))
    const sums = await stand.sums()
    for (const [key, cell] of second) expect(sums[key]).toBe(String(cell.sum))
    for (const [key, cell] of first) expect(sums[key]).toBe(String(cell.sum * 2n))
  })

  test('[P1] a copy of a batch of the old writer changes nothing any more', async () => {
    stand.faults.inject({ kind: 'copy-later', match: /claim as/, times: 2 })
    open(first)
    await drain()
    await stand.pool.query('update sumdial.ledger set sealed = true')
    open(second)
    await drain()
    const before = await stand.sums()
    await stand.faults.release()
    expect(await stand.sums()).toEqual(before)
  })
})

describe('retirement', () => {
  test('[Z1] [P1] seals the writer and deletes everything, and a copy that arrives later changes nothing', async () => {
    stand.faults.inject({ kind: 'copy-later', match: /claim as/ })
    open(cells(3))
    await drain()
    const before = await stand.sums()
    await clock.pass(RETIRE_AT - clock.now())
    await flusher.run()
    expect(store.isStored).toBe(false)
    const { rows } = await stand.pool.query('select sealed, seq::int from sumdial.ledger')
    expect(rows).toEqual([{ sealed: true, seq: 1 }])
    await stand.faults.release()
    expect(await stand.sums()).toEqual(before)
  })

  test('[Z1] waits while a cell is parked', async () => {
    await withConstraint(`key <> 'bad'`, async () => {
      open([['bad', cellOf(7)]])
      await drain()
      await clock.pass(RETIRE_AT - clock.now())
      await flusher.run()
    })
    expect(store.isStored).toBe(true)
    expect(alarmAtMs).toBeGreaterThan(clock.now())
  })
})
