import { must } from '../../../src/model/assert.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { startPooler } from '../../support/pooler.ts'
import { neonAt, postgresAt } from '../../support/postgres-at.ts'
import { describeRatio, median, type Ratio, spread } from '../figures.ts'
import type { Aim } from '../report.ts'
import { inTurn } from '../rounds.ts'
import type { Outcome, Progress } from '../scenario.ts'
import { number, table } from '../table.ts'
import { Batches, connectPlain, makeCells, StatementTimer, startServer } from './batches.ts'

const FIRST = hourOf(Date.UTC(2026, 10, 21, 20))

/** In each round: rows of a new hour, then the same rows again and again. */
const KINDS = ['new rows', 'updates', 'updates'] as const

/** The smaller they are, the more rounds they need: `more` times those that are asked for. */
const SIZES = [
  { count: 10_000, more: 4 },
  { count: 50_000, more: 1 },
] as const

type Side = {
  readonly name: string
  readonly batches: Batches
  /** @returns ms that were spent beside `pg` and Postgres; null where there is nothing beside them. */
  readonly send: (batches: readonly Batch[]) => Promise<number | null>
}

type Turn = {
  readonly side: string
  readonly cells: number
  readonly kind: string
  readonly round: number
  readonly ms: number
  readonly besideMs: number | null
}

const NEON = 'Sumdial, Neon'
const TCP = 'Sumdial, TCP'
const POOLER = 'Sumdial, TCP, pooler'
const OURS = [NEON, TCP, POOLER]
const SAME = 'pg, same statement'
const PLAIN = 'pg, plain upsert'

/** Measures the way from a batch to Postgres, beside a client that has nothing in between. */
export async function measureCells(rounds: number, progress: Progress): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  const turns = await runRounds(await startSides(stack), rounds, progress)
  return { tables: [describe(turns)], aims: aimsOf(turns), figures: turns, faults: [] }
}

/** Each before a database of its own in one server, so that each has the same rows. */
async function startSides(stack: AsyncDisposableStack): Promise<Side[]> {
  const server = await startServer(stack)
  const timer = new StatementTimer()
  const { endpoint } = await server.database({ around: timer.around })
  const direct = (await server.database()).url
  const pooled = (await server.database()).url
  const pooler = await startPooler(pooled, 4)
  stack.defer(() => pooler.close())
  const same = await connectPlain(stack, (await server.database()).url)
  const plain = await connectPlain(stack, (await server.database()).url)
  const side = (name: string, send: (batch: Batch) => Promise<void>, end = () => {}): Side => ({
    name,
    batches: new Batches(),
    async send(batches) {
      timer.reset()
      const beganMs = performance.now()
      for (const batch of batches) await send(batch)
      end()
      return name === NEON ? performance.now() - beganMs - timer.ms : null
    },
  })
  /** As an alarm has it: one connection for its batches, where there are connections. */
  const ours = (name: string, postgres: Postgres) => {
    const sink = createSink(postgres)
    const apply = async (batch: Batch) => {
      const outcome = await sink.apply(batch)
      if (outcome.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`)
    }
    return side(name, apply, sink.end)
  }
  return [
    ours(NEON, neonAt(endpoint)),
    ours(TCP, postgresAt({ kind: 'tcp', url: direct })),
    ours(POOLER, postgresAt({ kind: 'tcp', url: pooled.replace(/:\d+\//, `:${pooler.port}/`) })),
    side(SAME, (batch) => same.sameStatement(batch)),
    side(PLAIN, (batch) => plain.upsert(batch)),
  ]
}

/** The first round of each size warms up and does not count. */
async function runRounds(sides: readonly Side[], rounds: number, progress: Progress): Promise<Turn[]> {
  const turns: Turn[] = []
  let hour = FIRST
  for (const { count, more } of SIZES) {
    const cells = makeCells(count)
    for (let round = 0; round <= rounds * more; round++) {
      hour = addHours(hour, 1)
      for (const kind of KINDS) {
        for (const side of inTurn(sides, round)) {
          const batches = side.batches.next(cells, hour)
          const beganMs = performance.now()
          const besideMs = await side.send(batches)
          const ms = performance.now() - beganMs
          if (round > 0) turns.push({ side: side.name, cells: count, kind, round, ms, besideMs })
        }
      }
      progress(`flush of ${number(count)} cells: round ${round}/${rounds * more}`)
    }
  }
  return turns
}

/** In rows a second, turn by turn of the same round and kind. */
function ratio(turns: readonly Turn[], of: string, to: string): Ratio {
  const ours = turns.filter(({ side }) => side === of)
  const theirs = turns.filter(({ side }) => side === to)
  return spread(ours.map(({ ms }, i) => must(theirs[i], 'the turn of the other side').ms / ms))
}

function groupsOf(turns: readonly Turn[]) {
  return [...Map.groupBy(turns, ({ cells, kind }) => `${number(cells)} cells, ${kind}`)]
}

function describe(turns: readonly Turn[]): string {
  const rows = groupsOf(turns).flatMap(([name, group]) =>
    [...OURS, SAME, PLAIN].map((side) => {
      const own = group.filter((turn) => turn.side === side)
      const beside = own.flatMap(({ besideMs }) => (besideMs === null ? [] : [besideMs]))
      return [
        name,
        side,
        median(own.map(({ ms }) => ms)).toFixed(0),
        number(median(own.map(({ cells, ms }) => (cells / ms) * 1000))),
        ...[SAME, PLAIN].map((to) => (OURS.includes(side) ? describeRatio(ratio(group, side, to)) : '')),
        beside.length === 0 ? '' : median(beside).toFixed(0),
      ]
    }),
  )
  return table(
    ['flush', 'through', 'ms', 'rows/s', `to ${SAME}`, `to ${PLAIN}`, 'of it driver and endpoint, ms'],
    rows,
  )
}

function aimsOf(turns: readonly Turn[]): Aim[] {
  return groupsOf(turns).flatMap(([name, group]) =>
    [NEON, TCP].flatMap((of) =>
      [SAME, PLAIN].map((to) => {
        const found = ratio(group, of, to)
        const what = `flush of ${name}, ${of}, to ${to}`
        return { what, value: describeRatio(found), wanted: '>= 0.85', isReached: found.median >= 0.85 }
      }),
    ),
  )
}
