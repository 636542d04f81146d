import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { migrate } from '../../../src/local/migrate.ts'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { hourOf } from '../../../src/model/hour.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { Flusher } from '../../../src/shard/flush.ts'
import { ShardStore } from '../../../src/shard/store.ts'
import { arrivalOf } from '../../support/arrival.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { nodeSql } from '../../support/node-sql.ts'
import { startPooler } from '../../support/pooler.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { hasty, postgresAt } from '../../support/postgres-at.ts'

const START = Date.UTC(2026, 10, 21, 20)
const LOCKED_MS = 1_800_000
const SHARDS = 8

/** A server as small as the cheapest that one can rent. */
const CONNECTIONS = 20

/**
 * A timeout in place of 10 s while the table is locked, so that half an hour of tries passes in half a minute. Once it is free
 * the usual one holds, because a slow machine may take longer for a cell that is good.
 */
const TIMEOUT_MS = 250

let server: TestPostgres
/** The connections of the test itself. */
let watcher: pg.Client
let locker: pg.Client

beforeAll(async () => {
  server = await startPostgres({ max_connections: String(CONNECTIONS) })
  await migrate(server.url)
  watcher = new pg.Client(server.url)
  locker = new pg.Client(server.url)
  await Promise.all([watcher.connect(), locker.connect()])
})

afterAll(async () => {
  await Promise.all([watcher?.end(), locker?.end()])
  await server?.stop()
})

beforeEach(() => watcher.query('truncate sumdial.counters, sumdial.ledger'))

/** A shard with its own code: its alarm is rung by hand, and its waits pass at once, on a clock of its own. */
function startShard(postgres: Postgres, slot: number) {
  const clock = new FakeClock(START)
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  const reasons = new Set<string>()
  let alarmAtMs = START
  const flusher = new Flusher({
    name: { hour: hourOf(START), slot },
    store,
    alarm: {
      set: (atMs) => {
        alarmAtMs = atMs
      },
    },
    sink: createSink(postgres),
    clock,
    log: (line) => {
      if ('reason' in line && line.reason !== undefined) reasons.add(line.reason)
    },
    intervalMs: 5_000,
    retireAtMs: Number.POSITIVE_INFINITY,
    erase: () => undefined,
  })
  return {
    store,
    reasons,
    clock,
    open: (cells: readonly KeyedCell[]) => store.merge([arrivalOf('isolate', 1, cells)], clock.now()),
    /** Rings the alarm as often as it is due, for so long on the shard's clock, or until Postgres has everything. */
    async live(untilMs: number): Promise<number> {
      let rings = 0
      while (clock.now() < untilMs && (store.openCells > 0 || store.frozen.length > 0)) {
        await flusher.run()
        rings += 1
        await clock.pass(Math.max(0, alarmAtMs - clock.now()))
      }
      return rings
    },
  }
}

/** The most connections that others than the test's two had at a time, seen every few milliseconds. */
async function mostConnections(during: Promise<unknown>): Promise<number> {
  let most = 0
  let isOver = false
  void during.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const { rows } = await watcher.query<{ n: number }>(
      "select count(*)::int - 2 as n from pg_stat_activity where backend_type = 'client backend'",
    )
    most = Math.max(most, rows[0]?.n ?? 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return most
}

describe.each(['TCP', 'a pooler'] as const)(
  `a table that is locked for half an hour, with ${SHARDS} shards over %s`,
  (way) => {
    test(`[P3] [C1] [P4] costs few of ${CONNECTIONS} connections, and once it is free everything is there once`, async () => {
      const pooler = way === 'TCP' ? undefined : await startPooler(server.url, CONNECTIONS - 6)
      try {
        const port = pooler?.port ?? server.port
        const url = server.url.replace(`:${server.port}/`, `:${port}/`)
        let isLocked = true
        const reached = hasty(postgresAt({ kind: 'tcp', url }), TIMEOUT_MS, () => isLocked)
        const shards = Array.from({ length: SHARDS }, (_, slot) => startShard(reached, slot))
        for (const [i, { open }] of shards.entries())
          open([
            ['all', cellOf(1)],
            [`of/${i}`, cellOf(i)],
          ])
        await locker.query('begin; lock table sumdial.counters')
        const whileLocked = Promise.all(shards.map(({ live }) => live(START + LOCKED_MS)))
        const most = await mostConnections(whileLocked)
        const tries = (await whileLocked).reduce((sum, rings) => sum + rings, 0)
        await locker.query('commit')
        isLocked = false
        await Promise.all(shards.map(({ live }) => live(START + 2 * LOCKED_MS)))
        const { rows } = await watcher.query(
          'select key, sum::int, count::int from sumdial.counters order by key',
        )
        expect(rows).toEqual([
          { key: 'all', sum: SHARDS, count: SHARDS },
          ...shards.map((_, i) => ({ key: `of/${i}`, sum: i, count: 1 })),
        ])
        const reasons = new Set(shards.flatMap((shard) => [...shard.reasons]))
        console.info({ way, tries, most, reasons: [...reasons] })
        expect(tries).toBeGreaterThan(SHARDS * 50)
        // Beside its own a shard has one that cancels, and one that is being closed.
        expect(most).toBeLessThanOrEqual(2 * SHARDS)
        expect([...reasons].filter((reason) => reason.includes('53300'))).toEqual([])
      } finally {
        await pooler?.close()
      }
    })
  },
)

test('[P3] [P4] a row that is locked holds its neighbours at most 40 s', async () => {
  const cells = Array.from({ length: 200 }, (_, i): KeyedCell => [`k/${i}`, cellOf(1)])
  await watcher.query(
    "insert into sumdial.counters (key, hour, sum, count, min, max) values ('k/77', $1, 5, 1, 5, 5)",
    [new Date(START)],
  )
  await locker.query("begin; update sumdial.counters set sum = sum where key = 'k/77'")
  const shard = startShard(postgresAt({ kind: 'tcp', url: server.url }), 0)
  shard.open(cells)
  const beganMs = performance.now()
  const living = shard.live(Number.POSITIVE_INFINITY)
  const neighbours = async () => {
    const { rows } = await watcher.query<{ n: number }>('select count(*)::int as n from sumdial.counters')
    return rows[0]?.n
  }
  await vi.waitFor(async () => expect(await neighbours()).toBe(200), { timeout: 120_000, interval: 100 })
  // Waits between tries pass at once, so they are added.
  const tookMs = performance.now() - beganMs + (shard.clock.now() - START)
  console.info({ neighboursAfterMs: Math.round(tookMs) })
  expect(tookMs).toBeLessThan(40_000)
  await locker.query('commit')
  await living
  const { rows } = await watcher.query("select sum::int from sumdial.counters where key = 'k/77'")
  expect(rows).toEqual([{ sum: 6 }])
})
