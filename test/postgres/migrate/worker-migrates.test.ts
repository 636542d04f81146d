import pg from 'pg'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MIGRATE_AGAIN_MS } from '../../../src/limits.ts'
import { migrate } from '../../../src/local/migrate.ts'
import { MIGRATIONS } from '../../../src/local/migrations-folder.ts'
import type { Migration } from '../../../src/postgres/migrate/migration.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { startPooler } from '../../support/pooler.ts'
import { sharePostgres } from '../../support/postgres.ts'
import { postgresAt } from '../../support/postgres-at.ts'
import { ALL, batchOf, emptyAgain, openWorker, shardAt } from './stand.ts'

let url: string
/** Connected as the administrator. */
let admin: pg.Client

beforeAll(async () => {
  url = (await sharePostgres()).url
})
beforeEach(async () => {
  admin = new pg.Client(url)
  admin.on('error', () => undefined)
  await admin.connect()
  return async () => {
    await emptyAgain(admin)
    await admin.end()
  }
})

async function worker(connection = url) {
  const opened = await openWorker(connection)
  onTestFinished(() => opened.close())
  return opened
}

/** First column of the rows. */
const ask = async (sql: string) =>
  (await admin.query({ text: sql, rowMode: 'array' })).rows.map(([first]) => first)

const applied = () => ask('select hash from sumdial.migrations order by id')
const HASHES = ALL.map(({ hash }) => hash)

describe('the first flush on an empty database', () => {
  test('of eight shards in eight isolates makes the tables once, and every count is there once', async () => {
    const workers = await Promise.all(Array.from({ length: 8 }, () => worker()))
    const shards = workers.map((each) => each.shard())
    const outcomes = await Promise.all(shards.map(({ sink }, i) => sink.apply(batchOf('site/a', i + 1))))
    expect(outcomes).toEqual(Array(8).fill({ kind: 'applied' }))
    expect(await ask('select sum::int from sumdial.counters')).toEqual([36])
    expect(await applied()).toEqual(HASHES)
    const lines = shards.flatMap((shard) => shard.lines)
    expect(lines).toEqual([{ message: 'migrated', migrations: ALL.map(({ name }) => name) }])
  })

  test.each(['over TCP', 'behind a pooler in transaction mode'])(
    'of eight shards makes the tables once %s too',
    async (way) => {
      const pooler = await startPooler(url, 4)
      onTestFinished(() => pooler.close())
      const address = way === 'over TCP' ? url : url.replace(/:\d+\//, `:${pooler.port}/`)
      const shards = Array.from({ length: 8 }, () => shardAt(postgresAt({ kind: 'tcp', url: address })))
      const outcomes = await Promise.all(shards.map(({ sink }, i) => sink.apply(batchOf('site/a', i + 1))))
      for (const { sink } of shards) sink.end()
      expect(outcomes).toEqual(Array(8).fill({ kind: 'applied' }))
      expect(await ask('select sum::int from sumdial.counters')).toEqual([36])
      expect(shards.flatMap(({ lines }) => lines)).toEqual([
        { message: 'migrated', migrations: ALL.map(({ name }) => name) },
      ])
      expect(await applied()).toEqual(HASHES)
    },
  )

  test('leaves the same schema as `npm run migrate`', async () => {
    const shape = `select table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
      from information_schema.columns where table_schema = 'sumdial'
      union all select indexdef from pg_indexes where schemaname = 'sumdial'
      union all select relname || coalesce(reloptions::text, '') from pg_class where relnamespace = 'sumdial'::regnamespace order by 1`
    await (await worker()).shard().sink.apply(batchOf('a', 1))
    const byWorker = await ask(shape)
    await admin.query('drop schema sumdial cascade')
    await migrate(url)
    expect(byWorker).toEqual(await ask(shape))
    expect(await migrate(url)).toEqual([])
  })

  test('waits for no lock: while somebody migrates it says so, and goes on when they have finished', async () => {
    const { sink } = (await worker()).shard(ALL, { ...nodeClock, sleep: () => nodeClock.sleep(5) })
    await admin.query('begin')
    await admin.query("select pg_advisory_xact_lock(hashtextextended('sumdial.migrations', 0))")
    expect(await sink.apply(batchOf('a', 1))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('Another migration is under way'),
    })
    await admin.query('commit')
    expect(await sink.apply(batchOf('a', 1))).toEqual({ kind: 'applied' })
  })

  test('takes a migration that fails for not done: nothing of it stays, and the cause is in the reason', async () => {
    const broken: Migration = {
      ...(ALL[0] as Migration),
      statements: ['create table sumdial.half ()', 'select broken'],
    }
    const { sink, lines } = (await worker()).shard([broken])
    expect(await sink.apply(batchOf('a', 1))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/^SQLSTATE 42P01.*could not migrate \(SQLSTATE 42703\)/),
    })
    expect(lines).toEqual([{ message: 'not migrated', reason: 'SQLSTATE 42703' }])
    expect(await ask("select nspname from pg_namespace where nspname = 'sumdial'")).toEqual([])
  })

  test('is refused by a PostgreSQL under 14 with its version, by the Worker and by `npm run migrate`', async () => {
    // Only an old server has this version; a function of the same name in front stands in for one.
    await admin.query(`create function public.current_setting(name text) returns text language sql as
      $$ select case name when 'server_version_num' then '130018' when 'server_version' then '13.18' end $$`)
    await admin.query(`alter database ${new URL(url).pathname.slice(1)} set search_path = public, pg_catalog`)
    await expect(migrate(url)).rejects.toThrow('This is PostgreSQL 13.18, and Sumdial needs 14 or newer.')
    const { sink } = (await worker()).shard()
    expect(await sink.apply(batchOf('a', 1))).toMatchObject({
      reason: expect.stringContaining('PostgreSQL 13.18'),
    })
    expect(await ask("select nspname from pg_namespace where nspname = 'sumdial'")).toEqual([])
  })
})

describe('a database user without the right', () => {
  let role = ''
  let roleUrl = ''
  let nowMs = 0
  const clock = { ...nodeClock, now: () => nowMs }

  beforeEach(async () => {
    nowMs = Date.now()
    role = `worker_${crypto.randomUUID().slice(0, 8)}`
    await admin.query(`create role ${role} login password 'x'`)
    roleUrl = url.replace('postgres:postgres@', `${role}:x@`)
  })

  /** The grant that a reason tells, between back quotes. */
  const grantIn = (reason: string) => /`(grant [^`]*)`/.exec(reason)?.[1] ?? 'no grant told'

  test('is told what to grant, is left alone for an hour, and then migrates with just that', async () => {
    const opened = await worker(roleUrl)
    const { sink } = opened.shard(ALL, clock)
    const batch = batchOf('a', 1)
    const outcome = await sink.apply(batch)
    if (outcome.kind !== 'refused') throw new Error(outcome.kind)
    expect(outcome.reason).toContain(
      `The Worker's user ${role} may not migrate. Run \`DATABASE_URL=... npm run migrate\``,
    )
    await admin.query(grantIn(outcome.reason))
    const before = opened.statements()
    nowMs += MIGRATE_AGAIN_MS - 1
    expect(await sink.apply(batch)).toEqual(outcome)
    expect(opened.statements() - before).toBe(1)
    nowMs += 1
    expect(await sink.apply(batch)).toEqual({ kind: 'applied' })
    expect(await ask('select sum::int from sumdial.counters')).toEqual([1])
  })

  test('needs no right on the database where an administrator has made the schema', async () => {
    await admin.query('create schema sumdial')
    const { sink } = (await worker(roleUrl)).shard(ALL, clock)
    const outcome = await sink.apply(batchOf('a', 1))
    if (outcome.kind !== 'refused') throw new Error(outcome.kind)
    expect(grantIn(outcome.reason)).toBe(`grant usage, create on schema sumdial to "${role}"`)
    await admin.query(grantIn(outcome.reason))
    nowMs += MIGRATE_AGAIN_MS
    expect(await sink.apply(batchOf('a', 1))).toEqual({ kind: 'applied' })
  })

  test('goes on within its next try once somebody else has migrated', async () => {
    const { sink } = (await worker(roleUrl)).shard(ALL, clock)
    expect(await sink.apply(batchOf('a', 1))).toMatchObject({ kind: 'refused' })
    await migrate(url)
    await admin.query(`grant usage on schema sumdial to ${role}`)
    await admin.query(`grant select, insert, update, delete on all tables in schema sumdial to ${role}`)
    expect(await sink.apply(batchOf('a', 1))).toEqual({ kind: 'applied' })
  })

  test('is told what to grant when it may read the schema and not write to it', async () => {
    await migrate(url)
    await admin.query(`grant usage on schema sumdial to ${role}`)
    await admin.query(`grant select on all tables in schema sumdial to ${role}`)
    const { sink } = (await worker(roleUrl)).shard(ALL, clock)
    const outcome = await sink.apply(batchOf('a', 1))
    if (outcome.kind !== 'refused') throw new Error(outcome.kind)
    await admin.query(grantIn(outcome.reason))
    expect(await sink.apply(batchOf('a', 1))).toEqual({ kind: 'applied' })
  })
})

describe('a new version on a database that was migrated before', () => {
  const next = (n: number, isQuick: boolean, sql: string): Migration => {
    const last = ALL.at(-1) as Migration
    return { name: `9${n}`, statements: [sql], hash: `hash ${n}`, createdAt: last.createdAt + n, isQuick }
  }

  beforeEach(async () => {
    await migrate(url, MIGRATIONS)
  })

  test('gets its quick steps from the Worker, and leaves the rest to a person', async () => {
    const quick = next(1, true, 'create table sumdial.more ()')
    const slow = next(2, false, 'create index slow on sumdial.counters (sum)')
    const { keeper, lines } = (await worker()).shard([...ALL, quick, slow])
    expect(await keeper.bringUp()).toMatchObject({ kind: 'newest' })
    expect(await applied()).toEqual([...HASHES, quick.hash])
    expect(lines).toEqual([{ message: 'migrated', migrations: [quick.name] }])
    expect(await keeper.bringUp()).toMatchObject({
      kind: 'not_yet',
      needsPerson: true,
      reason: expect.stringContaining(slow.name),
    })
    expect(await applied()).toEqual([...HASHES, quick.hash])
  })

  test('is not touched by a Worker of the version before, which flushes on', async () => {
    await admin.query("insert into sumdial.migrations (hash, created_at) values ('newer', 9999999999999)")
    const { sink, keeper, lines } = (await worker()).shard()
    expect(await sink.apply(batchOf('a', 1))).toEqual({ kind: 'applied' })
    expect(await keeper.bringUp()).toMatchObject({ kind: 'newest' })
    expect(lines).toEqual([])
    expect(await applied()).toEqual([...HASHES, 'newer'])
  })

  test('waits two seconds, and no longer, for a table that somebody holds', async () => {
    const { keeper } = (await worker()).shard(
      [...ALL, next(1, true, 'alter table sumdial.ledger add column more text')],
      { ...nodeClock, sleep: () => Promise.resolve() },
    )
    await admin.query('begin')
    await admin.query('lock table sumdial.ledger in share mode')
    const beganMs = Date.now()
    expect(await keeper.bringUp()).toMatchObject({ kind: 'not_yet', needsPerson: false })
    expect(Date.now() - beganMs).toBeLessThan(9_000)
    await admin.query('rollback')
    expect(await keeper.bringUp()).toMatchObject({ kind: 'newest' })
  })

  test('says that tables are in the way which no migration has made', async () => {
    await admin.query('create table sumdial.more ()')
    const { keeper } = (await worker()).shard([...ALL, next(1, true, 'create table sumdial.more ()')])
    expect(await keeper.bringUp()).toMatchObject({
      kind: 'not_yet',
      reason: expect.stringContaining('tables that no migration of Sumdial has made'),
    })
  })
})
