import type pg from 'pg'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { seeded } from '../../support/chance.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { table } from '../table.ts'
import { Batches, makeCells } from './made-cells.ts'
import type { Found, Part } from './part.ts'
import { number } from './part.ts'
import { DATABASE_URL, type Database, makeDatabase, startServer } from './stand.ts'

type Mix = {
  readonly name: string
  readonly keys: number
  readonly hours: number
  readonly flushesAnHour: number
  /** Whether every flush has all keys; or else those that were counted meanwhile, by Zipf's law. */
  readonly isAll: boolean
}

/** An interval of a minute, of 3 and of 5 minutes; shorter ones have more updates of the same rows, and better shares. */
const MIXES: readonly Mix[] = [
  { name: '1,000 keys', keys: 1_000, hours: 3, flushesAnHour: 60, isAll: true },
  { name: '20,000 keys', keys: 20_000, hours: 1, flushesAnHour: 20, isAll: true },
  { name: '20,000 keys, by Zipf', keys: 20_000, hours: 3, flushesAnHour: 60, isAll: false },
  { name: '5,000 keys, seldom', keys: 5_000, hours: 4, flushesAnHour: 12, isAll: true },
  { name: '5,000 keys, once an hour', keys: 5_000, hours: 5, flushesAnHour: 1, isAll: true },
]

const QUICK: readonly Mix[] = MIXES.slice(0, 2)

const WANTED = 0.95

const FIRST = hourOf(Date.UTC(2026, 10, 21, 20))

/** What PostgreSQL has counted and takes. */
type Kept = {
  readonly inserted: number
  readonly updated: number
  readonly hot: number
  readonly heapBytes: number
  readonly indexBytes: number
}

/** Counted once in 20 draws of a key, the rarest; log-uniform over the keys, as `fillCounters` draws. */
function drawn(cells: readonly KeyedCell[], random: () => number): KeyedCell[] {
  const found = new Set<number>()
  for (let draw = 0; draw < cells.length / 2; draw++) found.add(Math.floor(cells.length ** random()) - 1)
  return cells.filter((_, n) => found.has(n))
}

async function flushAll({ endpoint }: Database, { keys, hours, flushesAnHour, isAll }: Mix): Promise<void> {
  const sink = createSink({ databaseUrl: DATABASE_URL, neonFetchEndpoint: endpoint }, nodeClock)
  const [batches, random, cells] = [new Batches(), seeded(1), makeCells(keys)]
  for (let flush = 0; flush < hours * flushesAnHour; flush++) {
    const hour = addHours(FIRST, Math.floor(flush / flushesAnHour))
    for (const batch of batches.next(isAll ? cells : drawn(cells, random), hour)) {
      const outcome = await sink.apply(batch)
      if (outcome.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`)
    }
  }
}

/** A connection tells its statistics when it has been idle for a second, or is asked to. */
async function readKept(pool: pg.Pool): Promise<Kept> {
  await pool.query('select pg_stat_force_next_flush()')
  await nodeClock.sleep(1_500)
  const { rows } = await pool.query<Kept>(
    `select n_tup_ins::int as inserted, n_tup_upd::int as updated, n_tup_hot_upd::int as hot,
  pg_relation_size(relid)::int as "heapBytes", pg_indexes_size(relid)::int as "indexBytes"
from pg_stat_user_tables where schemaname = 'sumdial' and relname = 'counters'`,
  )
  const [kept] = rows
  if (kept === undefined) throw new Error('no statistics')
  return kept
}

function describe(figures: readonly (Mix & Kept)[]): string {
  const rows = figures.map((f) => [
    f.name,
    `${f.hours} x ${f.flushesAnHour}`,
    number(f.inserted),
    number(f.updated),
    shareOf(f),
    number(f.heapBytes / f.inserted),
    number(f.indexBytes / f.inserted),
  ])
  const head = ['mix', 'hours x flushes', 'rows', 'updates', 'HOT share', 'heap bytes/row', 'index bytes/row']
  return table(head, rows)
}

function shareOf({ hot, updated }: Kept): string {
  return updated === 0 ? '' : (hot / updated).toFixed(4)
}

/** How much of the updates leaves the indexes alone, and what the room for it costs. */
export const HOT: Part = {
  name: 'hot',
  steps: (isQuick) => (isQuick ? QUICK : MIXES).length,
  async measure(stack, isQuick, progress): Promise<Found> {
    const postgres = await startServer(stack)
    const figures: (Mix & Kept)[] = []
    for (const mix of isQuick ? QUICK : MIXES) {
      const database = await makeDatabase(stack, postgres)
      await flushAll(database, mix)
      figures.push({ ...mix, ...(await readKept(database.pool)) })
      progress(`heap-only updates: ${mix.name}`)
    }
    const aims = figures
      .filter(({ updated }) => updated > 0)
      .map((f) => ({
        what: `HOT share of updates, ${f.name}, ${f.flushesAnHour} flushes an hour`,
        value: shareOf(f),
        wanted: `>= ${WANTED}`,
        isReached: f.hot / f.updated >= WANTED,
      }))
    return { tables: [describe(figures)], aims, figures }
  },
}
