import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { withClient } from '../../src/local/postgres.ts'
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

const sumsOf = (all: readonly KeyedCell[]) =>
  Object.fromEntries(all.map(([key, { sum }]) => [key, String(sum)]))

/** @param statement of PL/pgSQL, run at each row that is written. */
async function withTrigger(statement: string, body: () => Promise<void>): Promise<void> {
  await stand.pool.query(`create or replace function sumdial.refuse() returns trigger language plpgsql
    as $$ begin ${statement} return new; end $$`)
  await stand.pool.query(`create or replace trigger refuse before insert or update on sumdial.counters
    for each row execute function sumdial.refuse()`)
  try {
    await body()
  } finally {
    await stand.pool.query('drop trigger refuse on sumdial.counters')
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
    expect(logged.some(({ message }) => message === 'cut')).toBe(true)
    expect(JSON.stringify(logged)).not.toContain('bad')
    expect(store.holdings()).toMatchObject({ settled: 6_000, parked: { cells: 2, increments: 2 } })
  })

  test('[P3] takes later cells of its key along, and is read all the while', async () => {
    await withConstraint(`key <> 'bad'`, async () => {
      open([
        ['bad', cellOf(7)],
        ['good', cellOf(1)],
      ])
      await drain()
      open([
        ['bad', cellOf(1)],
        ['good', cellOf(1)],
      ])
      await drain()
    })
    expect(store.holdings()).toMatchObject({ settled: 2, parked: { cells: 1, increments: 2 } })
    expect(store.unsettled('bad').parked).toEqual({ sum: 8n, count: 2, min: 1, max: 7 })
  })

  test('[P3] [C1] is in Postgres once after a retry, or given up and still counted', async () => {
    await withConstraint(`key not like 'bad/%'`, async () => {
      open([
        ['bad/1', cellOf(7)],
        ['bad/2', cellOf(9)],
        ['good', cellOf(1)],
      ])
      await drain()
      expect(store.retryParked(['bad/1', 'unknown'], clock.now())).toBe(1)
      open([['good', cellOf(1)]])
      await drain()
      expect([...store.parked.keys()].toSorted()).toEqual(['bad/1', 'bad/2'])
    })
    expect(store.retryParked(['bad/1'], clock.now())).toBe(1)
    expect(store.discardParked(['bad/2'])).toBe(1)
    await drain()
    expect(await stand.sums()).toEqual({ 'bad/1': '7', good: '2' })
    expect(store.holdings()).toMatchObject({ accepted: 4, settled: 3, discarded: 1, parked: { cells: 0 } })
  })

  test.each(['P0001', 'XX000', '40001', '57014'])(
    "[P3] is found when a user's trigger raises %s, and its neighbours get through",
    async (errcode) => {
      const raise = `raise exception 'not %', new.key using errcode = '${errcode}'`
      await withTrigger(`if new.key like 'bad/%' then ${raise}; end if;`, async () => {
        open([...cells(12, 'bad/'), ...cells(30, 'good/')])
        await drain(60)
      })
      expect(await stand.sums()).toEqual(sumsOf(cells(30, 'good/')))
      expect([...store.parked.keys()].toSorted()).toEqual(cells(12, 'bad/').map(([key]) => key))
      expect(store.parked.get('bad/00000')?.reason).toContain(`SQLSTATE ${errcode}`)
    },
  )

  test.each([
    ['a constraint', 'add constraint refused check (false)', 'drop constraint refused'],
    ['a table that is not there', 'rename to elsewhere', ''],
    ['a trigger', 'enable trigger refuse_all', 'disable trigger refuse_all'],
  ])('[P3] is not parked when Postgres refuses all: %s', async (_, begin, end) => {
    await stand.pool.query(`create or replace function sumdial.refuse_all() returns trigger language plpgsql
      as $$ begin raise exception 'read only'; end $$`)
    await stand.pool.query(`create or replace trigger refuse_all before insert on sumdial.counters
      for each row execute function sumdial.refuse_all()`)
    await stand.pool.query('alter table sumdial.counters disable trigger refuse_all')
    await stand.pool.query(`alter table sumdial.counters ${begin}`)
    open(cells(500))
    await drain(15)
    const fault = flusher.fault
    await stand.pool.query(
      end === '' ? 'alter table sumdial.elsewhere rename to counters' : `alter table sumdial.counters ${end}`,
    )
    expect(fault).toMatchObject({ reason: expect.stringContaining('SQLSTATE') })
    expect([store.parked.size, store.holdings().frozen.increments]).toEqual([0, 500])
    await drain()
    expect([Object.keys(await stand.sums()).length, flusher.fault]).toEqual([500, null])
  })
})

describe('a cell that takes all of the time of a statement', () => {
  /** Gives up after so long, as the real one does after STATEMENT_MS_MAX. */
  const impatient = (ms: number) => createSink(hasty(stand.postgres, ms))

  /** Sets it for the role, and waits until all connections have it. */
  async function setStatementTimeout(set: string, shown: string): Promise<void> {
    // Over a connection of its own, which does not end itself before the others.
    await withClient(stand.url, async (client) => {
      await client.query(`alter role current_user ${set}`)
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where usename = current_user and pid <> pg_backend_pid()`)
    })
    const found = () =>
      stand.pool.query('show statement_timeout').then(
        ({ rows }) => rows,
        () => null,
      )
    await expect.poll(found).toEqual([{ statement_timeout: shown }])
  }

  test('[P3] is parked, and its neighbours get through: the role has a `statement_timeout`, and a trigger sleeps', async () => {
    await setStatementTimeout('set statement_timeout = 300', '300ms')
    try {
      await withTrigger(`if new.key = 'bad' then perform pg_sleep(1); end if;`, async () => {
        open([...cells(30), ['bad', cellOf(1)]])
        await drain(30)
      })
    } finally {
      await setStatementTimeout('reset statement_timeout', '0')
    }
    expect(await stand.sums()).toEqual(sumsOf(cells(30)))
    expect(store.parked.get('bad')?.reason).toContain('SQLSTATE 57014')
  })

  test("[P3] holds up no others while a user's transaction holds its row, and counts once that ends", async () => {
    flusher = flusherOf(impatient(300))
    open([...cells(30), ['locked', cellOf(1)]])
    await drain()
    const holder = await stand.pool.connect()
    try {
      await holder.query('begin')
      await holder.query(`select 1 from sumdial.counters where key = 'locked' for update`)
      open([...cells(30), ['locked', cellOf(1)]])
      const rings = drain(30)
      const twice = sumsOf(cells(30).map(([key, cell]) => [key, cellOf(Number(cell.sum) * 2)]))
      await expect.poll(() => stand.sums()).toEqual({ ...twice, locked: '1' })
      await holder.query('commit')
      await rings
    } finally {
      holder.release()
    }
    expect(store.retryParked(['locked'], clock.now())).toBeLessThan(2)
    await drain()
    expect(await stand.sums()).toMatchObject({ locked: '2' })
  })

  test('[P3] is not looked for when the whole table is locked: the statements stay few', async () => {
    flusher = flusherOf(impatient(200))
    open(cells(500))
    const holder = await stand.pool.connect()
    try {
      await holder.query('begin')
      await holder.query('lock table sumdial.counters')
      await drain(10)
      expect(stand.faults.log.length).toBeLessThan(25)
      await holder.query('commit')
    } finally {
      holder.release()
    }
    await drain()
    expect([store.parked.size, Object.keys(await stand.sums()).length]).toEqual([0, 500])
  })

  test('[P1] [P3] counts once even when a copy that was given up is applied', async () => {
    flusher = flusherOf(impatient(50))
    open(cells(8))
    // Executed late, so every one of these copies may be applied after it was given up.
    stand.faults.inject({ kind: 'delay', ms: 150, times: 3, match: /claim as/ })
    await drain()
    await expect.poll(() => stand.faults.log.filter(({ fault }) => fault === 'delay').length).toBe(3)
    await drain()
    expect(await stand.sums()).toEqual(sumsOf(cells(8)))
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
      open([
        ['bad', cellOf(7)],
        ['good', cellOf(1)],
      ])
      await drain()
      expect(store.parked.size).toBe(1)
      await clock.pass(RETIRE_AT - clock.now())
      await flusher.run()
    })
    expect(store.isStored).toBe(true)
    expect(alarmAtMs).toBeGreaterThan(clock.now())
  })
})
