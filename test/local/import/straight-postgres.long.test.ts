import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseLogLine } from '../../../src/local/import/access-log.ts'
import { compileKeyTemplate } from '../../../src/local/import/key-template.ts'
import type { Destination } from '../../../src/local/import/straight/sender.ts'
import { formatHourStart, hourOf } from '../../../src/model/hour.ts'
import { createLedger } from '../../../src/postgres/ledger.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { createWriters } from '../../../src/postgres/writers.ts'
import { type Stand, startStand, WAYS, type Way } from '../../postgres/stand.ts'
import { command } from '../../support/command.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { logLine } from './rig.ts'
import { importStraight, straightFigures } from './straight-rig.ts'

const ENTRY = await command('import')

let stand: Stand
let folder = ''
beforeAll(async () => {
  stand = await startStand(8)
  folder = mkdtempSync(join(tmpdir(), 'sumdial-straight-'))
})
beforeEach(() => stand.reset())
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await stand.stop()
})

/** A log of two days, with 40 paths. */
function logOf(lines: number): string {
  return Array.from({ length: lines }, (_, n) => {
    const minute = Math.floor((n * 2_880) / 5_000)
    const time = new Date(Date.UTC(2015, 4, 17) + minute * 60_000).toUTCString()
    const [, day, month, year, clock] = /(\d+) (\w+) (\d+) (\S+)/.exec(time) ?? []
    return logLine(`p"\\${(n * n) % 41}`, `${day}/${month}/${year}:${clock} +0000`)
  }).join('')
}

/** Counts line by line, without anything of what adds up. */
function naive(log: string): Record<string, number> {
  const keyOf = compileKeyTemplate('requests{path}')
  const sums: Record<string, number> = {}
  for (const line of log.trimEnd().split('\n')) {
    const reading = parseLogLine(line)
    const key = reading.kind === 'request' ? keyOf(reading.request) : null
    if (reading.kind !== 'request' || key?.kind !== 'key') throw new Error(`not counted: ${line}`)
    const name = `${key.key} ${formatHourStart(hourOf(reading.request.atMs))}`
    sums[name] = (sums[name] ?? 0) + 1
  }
  return sums
}

async function stored(): Promise<Record<string, number>> {
  const { rows } = await stand.pool.query<{ name: string; sum: number }>(
    `select key || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as name, sum::int from sumdial.counters`,
  )
  return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]))
}

function destinationOver(way: Way): Destination & Disposable {
  const postgres = stand.over(way)
  const sinks = [createSink(postgres), createSink(postgres)]
  const end = () => {
    for (const sink of sinks) sink.end()
  }
  return { sinks, readWriters: createWriters(postgres), [Symbol.dispose]: end }
}

async function importOver(way: Way, log: string) {
  using destination = destinationOver(way)
  const held = { lines: 1_500, slices: 1_000 }
  return straightFigures(await importStraight(Buffer.from(log), destination, { held, clock: nodeClock }))
}

async function run(file: string, ...more: string[]) {
  const env = { ...process.env, DATABASE_URL: stand.url }
  const child = spawn(process.execPath, [ENTRY, ...more, file], { cwd: folder, stdio: 'pipe', env })
  const ended = once(child, 'close')
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

describe('into a real PostgreSQL', () => {
  test.each(WAYS)(
    '[P5] over %s, a log that grows and is imported twice at once equals a naive count',
    async (way) => {
      const log = logOf(5_000)
      expect(await importOver(way, log.slice(0, log.indexOf('\n', 100_000) - 8))).toMatchObject({ code: 0 })
      const both = await Promise.all([importOver(way, log), importOver(way, log)])
      expect(both).toMatchObject([{ code: 0 }, { code: 0 }])
      expect(await stored()).toEqual(naive(log))
      expect(await importOver(way, log)).toEqual({ before: 5_000, code: 0 })
      expect(await stored()).toEqual(naive(log))
    },
  )

  test('with DATABASE_URL alone the command goes there by itself, and names the final hours that it has changed', async () => {
    writeFileSync(join(folder, 'access.log'), logOf(300))
    const first = await run('access.log')
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toMatch(/^accepted +300$/m)
    expect(first.out).toMatch(/^3 final hours have changed, 2015-05-17T00Z to 2015-05-17T02Z: /m)
    expect(first.out).toContain(`Written to ${stand.url.replace(':postgres@', '@')}.`)
    expect(await stored()).toEqual(naive(logOf(300)))

    writeFileSync(join(folder, 'access.log'), logOf(400))
    expect((await run('access.log')).out).toMatch(/^accepted +100\nduplicates +300/m)
    expect((await run('access.log', '--again')).out).toMatch(/^accepted +400$/m)
  })

  test('an import writes into the ledger what no sweep takes for a shard that is not done', async () => {
    await importOver('TCP', logOf(50))
    const { rows } = await stand.pool.query('select distinct shard, sealed from sumdial.ledger')
    expect(rows).toEqual([{ shard: '9999-12-31T23Z/import/2015-05-17T00Z', sealed: false }])
    const ledger = createLedger(stand.postgres)
    expect(await ledger.stragglers(hourOf(Date.now()), null)).toEqual([])
  })
})
