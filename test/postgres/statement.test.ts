import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { withClient } from '../../src/local/postgres.ts'
import { cellOf } from '../../src/model/cell.ts'
import { addHours, type Hour, hourOf } from '../../src/model/hour.ts'
import { keysFrom } from '../../src/model/key.ts'
import { lateHoursSchema, shardsSchema } from '../../src/model/schedule.ts'
import { createLedger } from '../../src/postgres/ledger.ts'
import { createLister } from '../../src/postgres/list.ts'
import { createSchemaKeeper } from '../../src/postgres/migrate/keeper.ts'
import { createReader, createSeriesReader } from '../../src/postgres/reader.ts'
import { createRetention } from '../../src/postgres/retention.ts'
import { createStandingReader } from '../../src/postgres/rollups/standing.ts'
import { createSeenRecord } from '../../src/postgres/seen.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { frozenBatch } from '../support/batches.ts'
import { sourceFiles } from '../support/source-files.ts'
import { exercise } from '../upgrade/exercise.ts'
import { ALL } from './migrate/stand.ts'
import { rollupsOneByOne } from './rollups/one-by-one.ts'
import { type Stand, startStand } from './stand.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f33'
const DAY = { from: HOUR, to: addHours(HOUR, 24) }

let stand: Stand
/** Answers by what a cache between the Worker and Postgres would know a statement. */
let cache: Map<string, unknown> | undefined
let keyOf: (text: string, params: readonly unknown[]) => string

beforeAll(async () => {
  stand = await startStand(4, (backend) => ({
    ...backend,
    async query(statement, gone) {
      if (cache === undefined) return backend.query(statement, gone)
      const key = keyOf(statement.text, statement.params)
      const kept = cache.get(key)
      if (kept !== undefined) return kept as Awaited<ReturnType<typeof backend.query>>
      const answer = await backend.query(statement, gone)
      cache.set(key, answer)
      return answer
    },
  }))
})

afterAll(() => stand?.stop())

beforeEach(async () => {
  cache = undefined
  await stand.reset()
})

const query = { keys: ['k'], buckets: [HOUR], to: addHours(HOUR, 1), writers: [] }
const list = {
  ...DAY,
  ranges: [keysFrom('k')],
  limit: 5,
  contains: null,
  where: [],
  sort: 'key',
  grouping: null,
  after: null,
} as const

/** Each kind of read, with an answer that a flush changes. */
const READS = {
  keys: async () => [...(await createReader(stand.postgres)(query)).counters.keys()],
  series: async () => {
    const read = createSeriesReader(stand.postgres)
    return [...(await read({ ...query, name: 'all', ranges: [keysFrom('k')] })).counters.keys()]
  },
  lists: async () => (await createLister(stand.postgres)(list)).items,
  'sums of the ledger': async () => [
    ...(await createLedger(stand.postgres).ledgerOf(['2026-11-21T20Z/0'])).keys(),
  ],
  stragglers: async () => createLedger(stand.postgres).stragglers(addHours(HOUR, 5) as Hour, null),
}

async function flush(): Promise<void> {
  expect(await createSink(stand.postgres).apply(frozenBatch(WRITER, 1, [['k', cellOf(1)]]))).toEqual({
    kind: 'applied',
  })
}

describe('no answer of a cache is taken for a read', () => {
  test.each(Object.keys(READS) as (keyof typeof READS)[])(
    '[P4] of %s, when the cache goes by the statement alone',
    async (kind) => {
      cache = new Map()
      keyOf = (text) => text
      expect(await READS[kind]()).toEqual([])
      await expect(READS[kind]()).rejects.toThrow("the answer is an older request's")
    },
  )

  test.each(Object.keys(READS) as (keyof typeof READS)[])(
    '[P4] of %s, when the cache goes by the parameters too: then it has none',
    async (kind) => {
      cache = new Map()
      keyOf = (text, params) => JSON.stringify([text, params])
      expect(await READS[kind]()).toEqual([])
      await flush()
      expect(await READS[kind]()).toHaveLength(1)
    },
  )
})

describe('every statement that the Worker sends', () => {
  /** Hyperdrive caches a statement unless it calls a function that Postgres calls volatile. */
  async function withoutVolatileCall(texts: readonly string[]): Promise<string[]> {
    const { rows } = await stand.pool.query<{ proname: string }>(
      "select distinct proname from pg_proc where provolatile = 'v' and pronamespace = 'pg_catalog'::regnamespace",
    )
    const volatile = new Set(rows.map(({ proname }) => proname))
    const callsOf = (text: string) => Array.from(text.matchAll(/(\w+)\(/g), ([, name = '']) => name)
    return texts.filter((text) => !callsOf(text).some((name) => volatile.has(name)))
  }

  test('[P4] calls a volatile function, so that Hyperdrive caches no answer', async () => {
    await exercise(stand.postgres)
    for (const read of Object.values(READS)) await read()
    const rollups = rollupsOneByOne(stand.postgres)
    await rollups.daysToMake(1, 'quiet')
    await rollups.makeDay('2026-01-01')
    await rollups.makeAllAgain()
    await rollups.beginNow()
    await createStandingReader(stand.postgres)()
    await createRetention(stand.postgres)(HOUR)
    await createSink(stand.postgres).apply(frozenBatch(WRITER, 1, [['k\u001fkind=in', cellOf(1)]]))
    const seen = createSeenRecord(stand.postgres, () => 'w')
    const schedules = { SHARDS: shardsSchema.parse('1'), LATE_HOURS: lateHoursSchema.parse('72') }
    await seen.writeSeen({ schedules, atMs: 0 })
    await seen.readSeen()
    await createSchemaKeeper({ postgres: stand.postgres, migrations: ALL, log: () => undefined }).bringUp()
    await stand.pool.query('drop schema sumdial cascade')
    await createSchemaKeeper({ postgres: stand.postgres, migrations: ALL, log: () => undefined }).bringUp()
    const texts = [
      ...new Set(stand.faults.log.flatMap(({ statements }) => statements.map(({ text }) => text))),
    ]
    expect(texts.length).toBeGreaterThan(20)
    expect(await withoutVolatileCall(texts)).toEqual([])
    // The check itself finds one that is missing.
    expect(await withoutVolatileCall(['select now(), lower(key) from sumdial.counters'])).toHaveLength(1)
  })

  test('[P4] is made in one file, and sent in one', () => {
    const files = sourceFiles('src/postgres/**/*.ts')
    const having = (text: string | RegExp) =>
      files.filter((file) => file.text.search(text) >= 0).map(({ path }) => path)
    expect(having(/as (Statement|Read)\b/)).toEqual(['src/postgres/statement.ts'])
    expect(
      having(/prepareQuery|\bdb\.|\bdatabase\.(execute|select|insert|update|delete)|client\.query/),
    ).toEqual(['src/postgres/driver/run.ts'])
    expect(having(/\bmigrating\(/)).toEqual(['src/postgres/migrate/keeper.ts', 'src/postgres/statement.ts'])
  })

  test('[P4] leaves no setting behind for the next client of a pooler', async () => {
    const sink = createSink(stand.over('a pooler'))
    await sink.apply(frozenBatch(WRITER, 1, [['k', cellOf(1)]]))
    sink.end()
    await withClient(stand.over('a pooler').address.url, async (next) => {
      expect((await next.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '0' }])
    })
  })
})
