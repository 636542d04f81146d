import type { Batch } from '../../../src/model/batch.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { describeRatio, median, type Ratio } from '../figures.ts'
import type { Line } from '../lines.ts'
import { inTurn } from '../rounds.ts'
import { table } from '../table.ts'
import { Batches, makeCells } from './made-cells.ts'
import type { Found, Part, Progress } from './part.ts'
import { number } from './part.ts'
import { connectPlain } from './plain-client.ts'
import { DATABASE_URL, makeDatabase, startServer } from './stand.ts'

const FIRST = hourOf(Date.UTC(2026, 10, 21, 20))

/** By turns: rows of a new hour, then the same again and again. The first round warms up. */
const KINDS = ['new rows', 'updates', 'updates'] as const

const SIZES = [10_000, 50_000]

/** New rows of a size, over its rounds: the smaller it is, the more rounds there are. */
const ROWS = 100_000

const roundsOf = (cells: number, isQuick: boolean) => Math.ceil((ROWS / cells) * (isQuick ? 0.4 : 1.5))

type Side = {
  readonly name: string
  readonly batches: Batches
  /** @returns of its ms, those that were spent beside `pg` and Postgres; null where there is nothing beside them. */
  readonly send: (batches: readonly Batch[]) => Promise<{ readonly besideMs: number | null }>
}

type Turn = {
  readonly side: string
  readonly cells: number
  readonly kind: string
  readonly round: number
  readonly ms: number
  readonly besideMs: number | null
}

const SUMDIAL = 'Sumdial'
const SAME = 'pg, same statement'
const PLAIN = 'pg, plain upsert'

/** Each before a database of its own, all in one server, so that each has the same rows. */
async function startSides(stack: AsyncDisposableStack): Promise<Side[]> {
  const postgres = await startServer(stack)
  const [flushed, same, plain] = [
    await makeDatabase(stack, postgres),
    await connectPlain(stack, (await makeDatabase(stack, postgres)).url),
    await connectPlain(stack, (await makeDatabase(stack, postgres)).url),
  ]
  const sink = createSink({ databaseUrl: DATABASE_URL, neonFetchEndpoint: flushed.endpoint }, nodeClock)
  const each = (name: string, send: (batch: Batch) => Promise<void>): Side => ({
    name,
    batches: new Batches(),
    async send(batches) {
      for (const batch of batches) await send(batch)
      return { besideMs: null }
    },
  })
  const sumdial: Side = {
    name: SUMDIAL,
    batches: new Batches(),
    async send(batches) {
      flushed.seen.length = 0
      const beganMs = performance.now()
      for (const batch of batches) {
        const outcome = await sink.apply(batch)
        if (outcome.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`)
      }
      const ms = performance.now() - beganMs
      return { besideMs: ms - flushed.seen.reduce((sum, seen) => sum + seen.ms, 0) }
    },
  }
  return [
    sumdial,
    each(SAME, (batch) => same.sameStatement(batch)),
    each(PLAIN, (batch) => plain.upsert(batch)),
  ]
}

async function runRounds(sides: readonly Side[], isQuick: boolean, progress: Progress): Promise<Turn[]> {
  const turns: Turn[] = []
  let hour = FIRST
  for (const count of SIZES) {
    const cells = makeCells(count)
    for (let round = 0; round <= roundsOf(count, isQuick); round++) {
      hour = addHours(hour, 1)
      for (const kind of KINDS) {
        for (const side of inTurn(sides, round)) {
          const batches = side.batches.next(cells, hour)
          const beganMs = performance.now()
          const { besideMs } = await side.send(batches)
          const ms = performance.now() - beganMs
          if (round > 0) turns.push({ side: side.name, cells: count, kind, round, ms, besideMs })
        }
      }
      progress(`flush of ${number(count)} cells: round ${round}`)
    }
  }
  return turns
}

/** In rows a second, turn by turn of the same round and kind. */
function ratio(turns: readonly Turn[], to: string): Ratio {
  const ours = turns.filter(({ side }) => side === SUMDIAL)
  const theirs = turns.filter(({ side }) => side === to)
  const ratios = ours.map(({ ms }, i) => (theirs[i]?.ms ?? Number.NaN) / ms)
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

function groupsOf(turns: readonly Turn[]) {
  const groups = Map.groupBy(turns, ({ cells, kind }) => `${number(cells)} cells, ${kind}`)
  return [...groups].map(([name, group]) => ({ name, group }))
}

function describe(turns: readonly Turn[]): string {
  const rows = groupsOf(turns).flatMap(({ name, group }) =>
    [SUMDIAL, SAME, PLAIN].map((side) => {
      const own = group.filter((turn) => turn.side === side)
      const beside = own.flatMap(({ besideMs }) => (besideMs === null ? [] : [besideMs]))
      return [
        name,
        side,
        median(own.map(({ ms }) => ms)).toFixed(0),
        number(median(own.map(({ cells, ms }) => (cells / ms) * 1000))),
        side === SUMDIAL ? '' : describeRatio(ratio(group, side)),
        beside.length === 0 ? '' : median(beside).toFixed(0),
      ]
    }),
  )
  return table(['flush', 'through', 'ms', 'rows/s', 'Sumdial to it', 'of it driver and endpoint, ms'], rows)
}

function aimsOf(turns: readonly Turn[]): Line[] {
  return groupsOf(turns).flatMap(({ name, group }) =>
    [SAME, PLAIN].map((side) => {
      const found = ratio(group, side)
      const what = `flush of ${name}, to ${side}`
      return { what, value: describeRatio(found), wanted: '>= 0.85', isReached: found.median >= 0.85 }
    }),
  )
}

/** The way from a batch to Postgres, beside a client that has none. */
export const CELLS: Part = {
  name: 'cells',
  steps: (isQuick) => SIZES.reduce((sum, size) => sum + roundsOf(size, isQuick) + 1, 0),
  async measure(stack, isQuick, progress): Promise<Found> {
    const turns = await runRounds(await startSides(stack), isQuick, progress)
    return { tables: [describe(turns)], aims: aimsOf(turns), figures: turns }
  },
}
