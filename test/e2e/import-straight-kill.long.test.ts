import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { neon, neonConfig } from '@neondatabase/serverless'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../src/local/migrate.ts'
import { must } from '../../src/model/assert.ts'
import { makeState, startDev } from '../support/dev.ts'
import { startPostgres } from '../support/postgres.ts'
import { ANY_URL } from '../support/postgres-at.ts'
import { startCommand } from '../support/start-command.ts'

const ENTRY = join(import.meta.dirname, '../../src/local/import.ts')
const HOURS = 400
const HOURS_EMBEDDED = 160

type Rows = readonly Record<string, unknown>[]
type Ask = (sql: string) => Promise<Rows>

/** A log of 2015, of so many hours, with 150 lines and some 90 paths an hour. */
function makeLog(hours: number): { readonly text: string; readonly expected: ReadonlyMap<string, number> } {
  const expected = new Map<string, number>()
  const lines: string[] = []
  for (let n = 0; n < hours * 150; n++) {
    const at = new Date(Date.UTC(2015, 0, 1) + n * 24_000)
    const path = `/page/${(n * n) % 97}`
    lines.push(`h - - [${logTime(at)}] "GET ${path} HTTP/1.1" 200 1 "-" "-"\n`)
    const place = `requests${path} ${at.toISOString().slice(0, 13)}`
    expected.set(place, (expected.get(place) ?? 0) + 1)
  }
  return { text: lines.join(''), expected }
}

/** `17/May/2015:10:05:03 +0000` */
function logTime(at: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/.exec(at.toUTCString()) ?? []
  return `${day}/${month}/${year}:${time} +0000`
}

const startImport = (file: string, env: Readonly<Record<string, string>>) =>
  startCommand(ENTRY, ['--into-postgres', file], { DATABASE_URL: '', ...env })

const figure = (out: string, name: string) =>
  Number(new RegExp(`^${name} +([\\d,]+)`, 'm').exec(out)?.[1]?.replaceAll(',', '') ?? 0)

async function countersIn(ask: Ask): Promise<Map<string, number>> {
  const rows = await ask(
    `select key || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24') as place, sum::int as sum, count::int as count
from sumdial.counters`,
  )
  for (const { place, sum, count } of rows) expect([place, sum]).toEqual([place, count])
  return new Map(rows.map(({ place, count }) => [String(place), Number(count)]))
}

/** Kills imports, each when the ledger has some more rows, then lets two run at once, then the grown log, twice at once. */
async function ordeal(ask: Ask, env: Readonly<Record<string, string>>, kills: number, hours: number) {
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'access.log')
  const [half, whole] = [makeLog(hours / 2), makeLog(hours)]
  // As a server writes it: the last line is under way.
  writeFileSync(file, half.text.slice(0, -5))

  const rowsNow = async () =>
    Number(must((await ask('select count(*)::int as n from sumdial.ledger'))[0], 'a row')['n'])
  for (let kill = 1; kill <= kills; kill++) {
    const { child, ended } = startImport(file, env)
    // The last kill comes once half is there, because on a busy machine many more rows come before that is seen, and no import may end by itself.
    const target = Math.floor((kill * hours) / 4 / kills)
    let isOver = false
    void ended.then(() => {
      isOver = true
    })
    while (!isOver && (await rowsNow()) < target) await sleep(5)
    child.kill('SIGKILL')
    expect((await ended).code).toBeNull()
  }
  const left = await rowsNow()
  expect(left).toBeLessThan(hours / 2)

  const both = await Promise.all([startImport(file, env).ended, startImport(file, env).ended])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(await countersIn(ask)).toEqual(half.expected)

  writeFileSync(file, whole.text)
  const grown = await Promise.all([startImport(file, env).ended, startImport(file, env).ended])
  expect(grown.map(({ code }) => code)).toEqual([0, 0])
  expect(await countersIn(ask)).toEqual(whole.expected)
  const { code, out } = await startImport(file, env).ended
  expect([code, figure(out, 'accepted'), figure(out, 'duplicates')]).toEqual([0, 0, hours * 150])
  expect(await countersIn(ask)).toEqual(whole.expected)
}

test('[P5] kill -9 of imports into PostgreSQL, two at once, a log that has grown: every path and hour is exact', async () => {
  const postgres = await startPostgres()
  // Not a pool, whose end does not await that of its connections: PostgreSQL, stopped then, ends them with an error.
  const client = new pg.Client(postgres.url)
  onTestFinished(async () => {
    await client.end()
    await postgres.stop()
  })
  await client.connect()
  await migrate(postgres.url)
  await ordeal(async (sql) => (await client.query(sql)).rows, { DATABASE_URL: postgres.url }, 12, HOURS)
})

test('[P5] kill -9 of imports into the embedded Postgres of npm run dev, which goes on counting: every path and hour is exact', async () => {
  const state = makeState()
  const dev = await startDev({ state })
  const endpoint = readFileSync(join(state, 'endpoint'), 'utf8')
  neonConfig.fetchEndpoint = endpoint
  const sql = neon(ANY_URL)
  const ask: Ask = async (text) => (await sql.query(text)) as Rows
  await ordeal(ask, { NEON_FETCH_ENDPOINT: endpoint }, 4, HOURS_EMBEDDED)
  const from = 'from=2015-01-01T00:00:00Z&to=2015-02-01T00:00:00Z'
  const read = await fetch(`${dev.url}/counters?prefix=requests/page/&bucket=month&${from}`)
  expect(await read.json()).toMatchObject({ total: { sum: HOURS_EMBEDDED * 150 } })
  await dev.stop()
})
