import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { migrate as migratePg } from 'drizzle-orm/node-postgres/migrator'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator'
import pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { migrate } from '../../src/local/migrate.ts'
import { command } from '../support/command.ts'
import { sharePglite } from '../support/pglite.ts'
import { type SharedPostgres, sharePostgres } from '../support/postgres.ts'
import { IS_THOROUGH } from '../support/thorough.ts'

const OURS = join(import.meta.dirname, '../../migrations')
const ENTRY = await command('migrate')

// A process of its own and PGlite's start each need seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let server: SharedPostgres
let folder: string
let names: string[]

beforeAll(async () => {
  server = await sharePostgres()
  names = (await readJournal(OURS)).entries.map(({ tag }) => tag)
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sumdial-migrations-'))
  await cp(OURS, folder, { recursive: true })
  return () => rm(folder, { recursive: true })
})

/** How drizzle's own migrators keep the table that ours keeps. */
const OFFICIAL = { migrationsFolder: OURS, migrationsSchema: 'sumdial', migrationsTable: 'migrations' }

interface Journal {
  entries: { idx: number; version: string; when: number; tag: string; breakpoints: boolean }[]
}

async function readJournal(from: string): Promise<Journal> {
  return JSON.parse(await readFile(join(from, 'meta/_journal.json'), 'utf8'))
}

/** Adds a migration behind the others, `later` milliseconds after the last of them. */
async function append(tag: string, sql: string, later = 1) {
  const journal = await readJournal(folder)
  const { length } = journal.entries
  const when = (journal.entries.at(-1)?.when ?? 0) + later
  journal.entries.push({ idx: length, version: '7', when, tag, breakpoints: true })
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify(journal))
  await writeFile(join(folder, `${tag}.sql`), sql)
}

interface Target {
  readonly migrate: (from?: string) => Promise<string[]>
  /** With drizzle's own migrator, as every database before was. */
  readonly migrateByDrizzle: () => Promise<void>
  /** First column of the rows. */
  readonly ask: (sql: string) => Promise<unknown[]>
  readonly close: () => Promise<void>
}

async function pgliteTarget(): Promise<Target> {
  const db = await sharePglite()
  return {
    migrate: (from) => migrate(db, from),
    migrateByDrizzle: () => migratePglite(drizzlePglite(db), OFFICIAL),
    ask: async (sql) =>
      (await db.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]),
    close: async () => undefined,
  }
}

async function postgresTarget(): Promise<Target> {
  const url = await server.createDatabase()
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  return {
    migrate: (from) => migrate(url, from),
    migrateByDrizzle: () => migratePg(drizzlePg(client), OFFICIAL),
    ask: async (sql) => (await client.query(sql)).rows.map((row) => Object.values(row)[0]),
    close: () => client.end(),
  }
}

const TARGETS = { PostgreSQL: postgresTarget, ...(IS_THOROUGH && { PGlite: pgliteTarget }) }

describe.for(Object.entries(TARGETS))('on %s', ([, open]) => {
  let target: Target
  const tables = () => target.ask("select tablename from pg_tables where schemaname = 'sumdial' order by 1")
  const schemas = () => target.ask("select nspname from pg_namespace where nspname in ('sumdial', 'drizzle')")

  beforeAll(async () => {
    target = await open()
    return () => target.close()
  })
  beforeEach(() => target.ask('drop schema if exists sumdial cascade'))

  test('an empty database gets every migration, all in the schema sumdial', async () => {
    expect(await target.migrate()).toEqual(names)
    expect(await tables()).toEqual([
      'counters',
      'days',
      'ledger',
      'migrations',
      'rollups',
      'settings',
      'slice_days',
      'slices',
    ])
    expect(await schemas()).toEqual(['sumdial'])
    expect(await target.ask('select count(*)::int from sumdial.migrations')).toEqual([names.length])
  })

  test('a second run has nothing to apply, and a later one applies only what is new', async () => {
    await target.migrate()
    expect(await target.migrate()).toEqual([])
    await append('9998_more', 'create table sumdial.more ()')
    expect(await target.migrate(folder)).toEqual(['9998_more'])
    expect(await target.migrate(folder)).toEqual([])
    expect(await tables()).toContain('more')
  })

  test("what drizzle's own migrator applied is taken as applied, and the other way round", async () => {
    const table = async () => [
      await target.ask('select hash from sumdial.migrations order by id'),
      await target.ask('select created_at::text from sumdial.migrations order by id'),
      await target.ask(`select column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
        from information_schema.columns where table_schema = 'sumdial' and table_name = 'migrations' order by 1`),
      await target.ask(
        "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'sumdial.migrations'::regclass order by 1",
      ),
    ]
    await target.migrateByDrizzle()
    const byDrizzle = await table()
    expect(await target.migrate()).toEqual([])
    await target.ask('drop schema sumdial cascade')
    expect(await target.migrate()).toEqual(names)
    expect(await table()).toEqual(byDrizzle)
    await target.migrateByDrizzle()
    expect(await table()).toEqual(byDrizzle)
  })

  test('a failing migration leaves nothing behind, not even the schema', async () => {
    await append('9998_fine', 'create table sumdial.fine ()')
    await append('9999_broken', 'create table sumdial.half ();--> statement-breakpoint\nselect broken;')
    await expect(target.migrate(folder)).rejects.toMatchObject({ cause: { code: '42703' } })
    expect(await schemas()).toEqual([])
    expect(await target.migrate()).toEqual(names)
  })

  test('a failing migration leaves what was applied before it as it was', async () => {
    await target.migrate()
    await append('9999_broken', 'drop table sumdial.counters;--> statement-breakpoint\nselect broken;')
    await expect(target.migrate(folder)).rejects.toThrow()
    expect(await tables()).toContain('counters')
    expect(await target.migrate()).toEqual([])
  })

  test('of several at once, one applies and the others find nothing to apply', async () => {
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => target.migrate()))
    expect(outcomes.filter((applied) => applied.length > 0)).toEqual([names])
  })

  test('a migration edited after it was applied is refused by name', async () => {
    await target.migrate()
    await writeFile(join(folder, `${names[0]}.sql`), 'select 1')
    await expect(target.migrate(folder)).rejects.toThrow(`Migration ${names[0]} is not the one`)
  })

  test('a migration dated before the one in front of it is refused rather than passed over', async () => {
    await target.migrate()
    await append('9998_late', 'create table sumdial.late ()', -1)
    await expect(target.migrate(folder)).rejects.toThrow('Migration 9998_late has an earlier date')
  })

  test('a database that is further than this version has nothing to apply', async () => {
    await append('9998_newer', 'create table sumdial.newer ()')
    await target.migrate(folder)
    expect(await target.migrate()).toEqual([])
  })
})

describe('npm run migrate', () => {
  const run = (env: Record<string, string>, ...args: string[]) =>
    new Promise<{ code: number | string | null | undefined; out: string; err: string }>((resolve) => {
      execFile(process.execPath, [ENTRY, ...args], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : error.code, out, err }),
      )
    })

  test('prints what it applied, and then that there is nothing to apply', async () => {
    const DATABASE_URL = await server.createDatabase()
    const applied = names.map((name) => `applied ${name}\n`).join('')
    expect(await run({ DATABASE_URL })).toEqual({ code: 0, out: applied, err: '' })
    expect(await run({ DATABASE_URL })).toEqual({ code: 0, out: 'nothing to apply\n', err: '' })
  })

  test('helps, and says that DATABASE_URL is missing', async () => {
    expect(await run({}, '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('npm run migrate'),
      err: '',
    })
    expect(await run({})).toMatchObject({ code: 2, err: expect.stringContaining('DATABASE_URL is not set') })
    expect(await run({}, '--wat')).toMatchObject({ code: 2, err: expect.stringContaining('--wat') })
  })

  test.for([
    ['nothing listens', 'postgresql://me:s3cret@127.0.0.1:1/db?sslmode=require', 'ECONNREFUSED'],
    ['the URL is broken', 'postgresql://me:s3cret@[oops/db', 'Invalid URL'],
    ['the protocol is another', 'mysql://me:s3cret@host/db', 'must begin with postgresql://'],
  ] as const)('says what to do when %s, without the password', async ([, DATABASE_URL, reason]) => {
    const { code, out, err } = await run({ DATABASE_URL })
    expect(code).not.toBe(0)
    expect(err).toContain(reason)
    expect(err).toContain('DATABASE_URL')
    expect(out + err).not.toContain('s3cret')
  })

  test('names the database that Postgres does not have, without the password', async () => {
    const DATABASE_URL = server.url.replace(/postgres:postgres@(.*)\/.*$/, 'postgres:s3cret@$1/absent')
    const { code, err } = await run({ DATABASE_URL })
    expect(code).toBe(1)
    expect(err).toContain('database "absent" does not exist')
    expect(err).not.toContain('s3cret')
  })
})
