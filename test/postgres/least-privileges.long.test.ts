import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/local/migrate.ts'
import { withClient } from '../../src/local/postgres.ts'
import { must } from '../../src/model/assert.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { addHours, hourOf } from '../../src/model/hour.ts'
import { createLedger } from '../../src/postgres/ledger.ts'
import { createReader } from '../../src/postgres/reader.ts'
import { createRetention } from '../../src/postgres/retention.ts'
import { createStandingReader } from '../../src/postgres/rollups/standing.ts'
import { createSeenRecord } from '../../src/postgres/seen.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { createWriters } from '../../src/postgres/writers.ts'
import { sqlBlocks } from '../support/markdown-sql.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { postgresAt } from '../support/postgres-at.ts'
import { rollupsOneByOne } from './rollups/one-by-one.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/postgres.md'), 'utf8')
const [ROLE, OWNER, ROWS] = sqlBlocks(PAGE).map(({ sql }) => sql)

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
  // Whoever sets a database up at a service is no superuser there.
  await ask(postgres.url, "create role boss login createrole password 'x'")
  await ask(as('boss', postgres.url), must(ROLE, 'the block that makes the role'))
})
afterAll(() => postgres.stop())

const as = (role: string, url: string) => url.replace('postgres:postgres@', `${role}:x@`)

async function ask(url: string, sql: string): Promise<void> {
  await withClient(url, (client: pg.Client) => client.query(sql))
}

/** An empty database of the one who sets it up. */
async function makeDatabase(): Promise<string> {
  const url = await postgres.createDatabase()
  await ask(postgres.url, `alter database ${new URL(url).pathname.slice(1)} owner to boss`)
  return url
}

/** Everything that a Worker and an import ask of Postgres. */
async function useAll(url: string): Promise<void> {
  const at = postgresAt({ kind: 'tcp', url })
  const sink = createSink(at)
  const writer = crypto.randomUUID()
  const cells = Cells.of([
    ['site/a', cellOf(5)],
    ['site/a\u001fplan=pro', cellOf(2)],
  ])
  const batch = {
    writer,
    seq: 1,
    id: crypto.randomUUID(),
    shard: '2026-11-21T20Z/0',
    hour: HOUR,
    cells,
    increments: 2,
  }
  expect(await sink.apply(batch)).toEqual({ kind: 'applied' })
  expect(await sink.register(crypto.randomUUID(), '2026-11-21T20Z/1')).toEqual({ kind: 'registered' })
  expect(await createWriters(at)([writer])).toMatchObject({ size: 1 })
  expect(await sink.seal(writer, batch.shard)).toMatchObject({ kind: 'sealed' })
  sink.end()

  const rollups = rollupsOneByOne(at)
  await rollups.beginNow()
  expect(await rollups.daysToMake(1, 'now')).toMatchObject({ days: ['2026-11-21'] })
  expect(await rollups.makeDay('2026-11-21')).toMatchObject({ kind: 'made' })
  expect(await rollups.makeAllAgain()).toBeGreaterThan(0)
  expect(await createStandingReader(at)()).toMatchObject({ beginsMs: null })

  const { counters } = await createReader(at)({
    keys: ['site/a'],
    buckets: [HOUR],
    to: addHours(HOUR, 1),
    writers: [writer],
  })
  expect(counters.size).toBe(1)
  const ledger = createLedger(at)
  expect((await ledger.stragglers(addHours(HOUR, 5), null)).length).toBe(1)
  await ledger.prune()
  const schedule = (value: number) => [{ from: Number.NEGATIVE_INFINITY as typeof HOUR, value }]
  const record = createSeenRecord(at, () => 'worker')
  await record.writeSeen({ schedules: { SHARDS: schedule(1), LATE_HOURS: schedule(72) }, atMs: 0 })
  expect(await record.readSeen()).not.toBeNull()
  expect(await createRetention(at)(addHours(HOUR, 1))).toMatchObject({ hasMore: false })
}

describe('the rights in docs/postgres.md', () => {
  test('a role that owns the schema, given by one who is no superuser, migrates and does all that a Worker does', async () => {
    const url = await makeDatabase()
    await ask(as('boss', url), must(OWNER, 'the block with the right to migrate'))
    expect((await migrate(as('worker', url))).length).toBeGreaterThan(0)
    await useAll(as('worker', url))
    await expect(ask(as('worker', url), 'create schema other')).rejects.toMatchObject({ code: '42501' })
  })

  test('a role with rows alone does all that a Worker does but migrate, also in a table of a later migration', async () => {
    const url = await makeDatabase()
    await migrate(as('boss', url))
    await ask(as('boss', url), must(ROWS, 'the block without the right to migrate'))
    await useAll(as('worker', url))
    const denied = { code: '42501' }
    await expect(ask(as('worker', url), 'create table sumdial.more ()')).rejects.toMatchObject(denied)
    await expect(ask(as('worker', url), 'truncate sumdial.counters')).rejects.toMatchObject(denied)
    await ask(as('boss', url), 'create table sumdial.later (n int)')
    await ask(as('worker', url), 'insert into sumdial.later values (1)')
  })
})
