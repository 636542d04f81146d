import pg from 'pg'
import { must } from '../../../src/model/assert.ts'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { addHours, type Hour, hourOf } from '../../../src/model/hour.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createGroupsReader } from '../../../src/postgres/groups.ts'
import { createReader } from '../../../src/postgres/reader.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { postgresAt } from '../../support/postgres-at.ts'
import { median } from '../figures.ts'
import { Batches, keyOf, startServer } from '../flush/batches.ts'
import { inTurn } from '../rounds.ts'
import type { Progress, Scenario } from '../scenario.ts'
import { megabytes, number, table } from '../table.ts'

const FIRST = hourOf(Date.UTC(2026, 10, 20, 0))

/** Label sets of each key; 0 for keys without labels. */
const SETS = [0, 1, 10, 100] as const

/** Cells of a flush, whatever the label sets: more of these means fewer keys. */
const CELLS = 5_000

const KEY = keyOf(7)

type Side = {
  readonly sets: number
  readonly keys: number
  readonly url: string
  readonly postgres: Postgres
  readonly batches: Batches
  readonly flushMs: number[]
  readonly totalMs: number[]
  readonly groupedMs: number[]
}

export const LABELS: Scenario<'rounds'> = {
  name: 'labels',
  shows:
    'What labels cost: keys with 0, 1, 10 and 100 label sets each, in flushes of 5,000 cells; the time of a flush, the rows ' +
    'and bytes in Postgres, a total and a read by a label.',
  parts: ['labels'],
  settings: { rounds: { usual: 24, quick: 6, is: 'hours that are flushed, each of them four times' } },
  async measure({ settings: { rounds }, progress }) {
    await using stack = new AsyncDisposableStack()
    const server = await startServer(stack)
    const sides: Side[] = []
    for (const sets of SETS) sides.push(sideOf(sets, (await server.database()).url))
    for (let round = 0; round <= rounds; round++) await flushHour(sides, addHours(FIRST, round), round)
    progress('flushed')
    await readBack(sides, rounds, progress)
    const rows = await Promise.all(sides.map(describe))
    return { tables: [table(HEAD, rows)], aims: [], figures: sides.map(figuresOf), faults: [] }
  },
}

function sideOf(sets: number, url: string): Side {
  return {
    sets,
    keys: CELLS / Math.max(1, sets),
    url,
    postgres: postgresAt({ kind: 'tcp', url }),
    batches: new Batches(),
    flushMs: [],
    totalMs: [],
    groupedMs: [],
  }
}

function cellsOf({ sets, keys }: Side): KeyedCell[] {
  const labels =
    sets === 0 ? [''] : Array.from({ length: sets }, (_, i) => labelsText({ plan: `plan-${i}`, eu: 'yes' }))
  return Array.from({ length: keys }, (_, k) =>
    labels.map((own): KeyedCell => [keyOf(k) + own, { sum: 5n, count: 3, min: 1, max: 2 }]),
  ).flat()
}

/** New rows, and then the same rows three times: an hour is flushed again and again. The first round warms up. */
async function flushHour(sides: readonly Side[], hour: Hour, round: number): Promise<void> {
  for (let again = 0; again < 4; again++) {
    for (const side of inTurn(sides, round)) {
      const sink = createSink(side.postgres)
      const batches = side.batches.next(cellsOf(side), hour)
      const beganMs = performance.now()
      for (const batch of batches) {
        const outcome = await sink.apply(batch)
        if (outcome.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`)
      }
      if (round > 0) side.flushMs.push(performance.now() - beganMs)
      sink.end()
    }
  }
}

/** A key's total over all hours, and the same by one label. */
async function readBack(sides: readonly Side[], rounds: number, progress: Progress): Promise<void> {
  const query = { buckets: [FIRST], to: addHours(FIRST, rounds + 1), writers: [], keys: [KEY] }
  for (let i = 0; i <= 20; i++) {
    for (const side of inTurn(sides, i)) {
      const [total, groups] = [createReader(side.postgres), createGroupsReader(side.postgres)]
      const ms = await timed(() => total(query))
      const groupedMs = await timed(() => groups({ ...query, by: 'plan', where: [] }))
      if (i === 0) continue
      side.totalMs.push(ms)
      side.groupedMs.push(groupedMs)
    }
  }
  progress('read')
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now()
  await work()
  return performance.now() - beganMs
}

const HEAD = [
  'label sets a key',
  'keys',
  'flush of 5,000 cells',
  'rows of counters',
  'bytes',
  'rows of slices',
  'bytes',
  'total of a key',
  'by a label',
]

async function describe(side: Side): Promise<string[]> {
  const [counters, slices] = await Promise.all(['counters', 'slices'].map((name) => sizeOf(side.url, name)))
  const sized = [must(counters, 'the size of counters'), must(slices, 'the size of slices')]
  const ms = (times: readonly number[]) => `${median(times).toFixed(1)} ms`
  return [
    String(side.sets),
    number(side.keys),
    ms(side.flushMs),
    ...sized.flatMap(({ rows, bytes }) => [number(rows), megabytes(bytes)]),
    ms(side.totalMs),
    ms(side.groupedMs),
  ]
}

function figuresOf({ sets, keys, flushMs, totalMs, groupedMs }: Side) {
  return { sets, keys, flushMs, totalMs, groupedMs }
}

async function sizeOf(url: string, name: string): Promise<{ readonly rows: number; readonly bytes: number }> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<{ rows: number; bytes: number }>(
      `select (select count(*) from sumdial.${name})::int as rows,
        pg_total_relation_size('sumdial.${name}')::float8 as bytes`,
    )
    return must(rows[0], 'a size')
  } finally {
    await client.end()
  }
}
