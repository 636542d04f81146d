import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/local/migrate.ts'
import { type SharedPostgres, sharePostgres } from '../support/postgres.ts'
import { type Recording, replay } from './recording.ts'

const MIGRATIONS = join(import.meta.dirname, '../../migrations')

const release: Recording = JSON.parse(readFileSync(join(import.meta.dirname, 'release.json'), 'utf8'))

let server: SharedPostgres
/** The migrations that the release had. */
let itsMigrations: string

beforeAll(async () => {
  server = await sharePostgres()
  itsMigrations = mkdtempSync(join(tmpdir(), 'sumdial-release-'))
  cpSync(MIGRATIONS, itsMigrations, { recursive: true })
  const path = join(itsMigrations, 'meta/_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(
    path,
    JSON.stringify({ ...journal, entries: journal.entries.slice(0, release.migrations.length) }),
  )
})

afterAll(async () => {
  rmSync(itsMigrations, { recursive: true })
})

const { version, migrations, ...recorded } = release

describe(`the statements of release ${version}`, () => {
  test('do on its own schema what they did when they were recorded', async () => {
    const url = await server.createDatabase()
    expect(await migrate(url, itsMigrations)).toEqual(migrations)
    expect(await replay(url, release)).toEqual(recorded)
  })

  test('do the same on the newest schema', async () => {
    const url = await server.createDatabase()
    await migrate(url)
    expect(await replay(url, release)).toEqual(recorded)
  })

  test('do the same when the newest schema comes while they run', async () => {
    const url = await server.createDatabase()
    await migrate(url, itsMigrations)
    expect(await replay(url, release, async () => void (await migrate(url)))).toEqual(recorded)
  })

  test('are all kinds that a Worker sends, with rows that they leave', () => {
    const texts = recorded.statements.map(({ text }) => text).join('\n')
    for (const part of [
      'claim as',
      'returning seq',
      'width_bucket',
      'generate_series',
      'array_to_string',
      'delete from',
    ])
      expect(texts).toContain(part)
    expect(recorded.left).toMatchObject({ counters: { length: 7 }, ledger: { length: 2 } })
  })
})
