import { Readable } from 'node:stream'
import type { Clock } from '../../../src/clock.ts'
import { compileKeyTemplate, KEY_DEFAULT } from '../../../src/local/import/key-template.ts'
import { findFormat, logReader, ndjsonReader } from '../../../src/local/import/reader.ts'
import { type Held, runStraight } from '../../../src/local/import/straight/flow.ts'
import { type Destination, Sender } from '../../../src/local/import/straight/sender.ts'
import { exitCodeOf, summarize } from '../../../src/local/import/summary.ts'
import { ImportTally } from '../../../src/local/import/tally.ts'
import type { CutBounds } from '../../../src/model/cut.ts'
import type { ApplyOutcome, Batch, Sink } from '../../../src/model/flush/batch.ts'
import { formatHour } from '../../../src/model/hour.ts'
import type { WriterRow } from '../../../src/postgres/writers.ts'
import { nodeClock } from '../../support/node-clock.ts'

/** The fate of one statement. */
export type StatementFate =
  | 'applied'
  /** It is lost on the way. */
  | 'lost'
  /** It is applied, and its answer is lost. */
  | 'answer lost'
  /** The process is killed before it arrives, or after. */
  | 'killed before'
  | 'killed after'

/** A Postgres in memory: the ledger and the sums, by the rules of `claimAndApply`. */
export class LedgerInMemory {
  readonly sums = new Map<string, bigint>()
  readonly rows = new Map<string, WriterRow>()

  apply({ writer, seq, id, hour, cells, increments }: Batch): ApplyOutcome {
    const row = this.rows.get(writer)
    if (row !== undefined && row.seq === seq && row.batch === id) return { kind: 'applied' }
    if ((row?.seq ?? 0) !== seq - 1) return { kind: 'rewound', reason: `seq ${row?.seq}` }
    this.rows.set(writer, { seq, batch: id, increments: (row?.increments ?? 0) + increments })
    for (const [key, { sum }] of cells) {
      const name = `${key} ${formatHour(hour)}`
      this.sums.set(name, (this.sums.get(name) ?? 0n) + sum)
    }
    return { kind: 'applied' }
  }

  /**
   * @param fates of the first statements; all others are applied
   * @param kill called when the process is killed. What it waits for then never comes.
   */
  destination(connections: number, fates: readonly StatementFate[], kill: () => void): Destination {
    let statements = 0
    let isDead = false
    const never = () => new Promise<never>(() => undefined)
    const die = () => {
      isDead = true
      kill()
      return never()
    }
    const sink: Sink = {
      apply: async (batch) => {
        const fate = fates[statements++] ?? 'applied'
        await turn()
        if (isDead) return never()
        if (fate === 'killed before') return die()
        const outcome = fate === 'lost' ? LOST : this.apply(batch)
        if (fate === 'killed after') return die()
        await turn()
        return fate === 'answer lost' ? LOST : outcome
      },
      seal: never,
      register: never,
      end: () => undefined,
    }
    return {
      sinks: Array.from({ length: connections }, () => sink),
      readWriters: async (writers) => {
        await turn()
        const found = writers.flatMap((writer) => {
          const row = this.rows.get(writer)
          return row === undefined ? [] : [[writer, row] as const]
        })
        return new Map(found)
      },
    }
  }
}

const LOST: ApplyOutcome = { kind: 'ambiguous', reason: 'no answer from Postgres', isTimeout: false }

/** Lets others have their turn, as a network would. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Waits are over at once, and pass all the same. */
function hurriedClock(): Clock {
  let nowMs = nodeClock.now()
  const sleep = async (ms: number) => {
    nowMs += ms
    await turn()
  }
  return { ...nodeClock, now: () => nowMs, sleep }
}

export type StraightSettings = {
  readonly held?: Held
  readonly bounds?: CutBounds
  readonly salt?: string
  readonly template?: string
  readonly clock?: Clock
}

export type StraightRun = Awaited<ReturnType<typeof importStraight>>

/** Imports bytes straight into a Postgres. */
export async function importStraight(
  input: Buffer | readonly Buffer[],
  destination: Destination,
  { held, bounds, salt, template = KEY_DEFAULT, clock = hurriedClock() }: StraightSettings = {},
) {
  const said: string[] = []
  const tally = new ImportTally((line) => said.push(line))
  const interrupt = new AbortController().signal
  const sender = new Sender({ ...destination, tally, clock, interrupt, ...(bounds && { bounds }) })
  const keyOf = compileKeyTemplate(template)
  const ending = await runStraight({
    input: Readable.from(input instanceof Buffer ? [input] : input),
    readerFor: (first) =>
      findFormat(first) === 'ndjson' ? ndjsonReader : logReader('auto', template, keyOf),
    tally,
    sender,
    salt: salt ?? null,
    interrupt,
    nowMs: clock.now(),
    ...(held && { held }),
  })
  const way = { database: 'a database', finalHours: [], isDryRun: false, isRepeatable: true, url: null }
  const summary = summarize({ ...way, tally, ending, elapsedMs: 1_000 })
  return { tally, ending, said, summary, code: exitCodeOf(tally, ending), changed: sender.changed }
}

/** The figures of an outcome that are not 0. Each line has one outcome. */
export function straightFigures({ tally, code }: StraightRun) {
  const { lines, accepted, before, refused, unknown, unproven } = tally
  const [conflicts, unsent] = [tally.conflicting.count, tally.unsent.count]
  const all = { accepted, before, conflicts, noRequests: tally.noRequests.count, refused, unknown, unsent }
  const sum = Object.values(all).reduce((a, b) => a + b, 0)
  if (sum !== lines) throw new Error(`${sum} outcomes of ${lines} lines`)
  return { ...Object.fromEntries(Object.entries({ ...all, unproven }).filter(([, n]) => n > 0)), code }
}
