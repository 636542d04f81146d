import type { Clock } from '../../../clock.ts'
import { BATCH_CELLS_MAX, FLIGHT_BYTES_MAX } from '../../../limits.ts'
import { unreachable } from '../../../model/assert.ts'
import type { CutBounds } from '../../../model/cut.ts'
import type { ApplyOutcome, Sink } from '../../../model/flush/batch.ts'
import { formatHour, type Hour } from '../../../model/hour.ts'
import { NotAnswered } from '../../../postgres/execute.ts'
import type { ReadWriters } from '../../../postgres/writers.ts'
import { PATIENCE_MS } from '../connection.ts'
import type { ImportTally } from '../tally.ts'
import type { Prepared, Sequence } from './sequence.ts'

/** Bounds of one statement, which are a shard's. */
const BATCH_BOUNDS: CutBounds = { cells: BATCH_CELLS_MAX, bytes: FLIGHT_BYTES_MAX }

/** Writers that one statement asks the ledger for. */
const WRITERS_MAX = 5_000

/** How long the first answer may take: a sleeping database has woken by then, and a wrong address never answers. */
const FIRST_PATIENCE_MS = 20_000

/** The first wait before Postgres is asked again, and the longest. */
const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 5_000

export type Destination = {
  /** Of each connection to use at a time, one. */
  readonly sinks: readonly Sink[]
  readonly readWriters: ReadWriters
}

export type SenderOptions = Destination & {
  readonly tally: ImportTally
  readonly clock: Clock
  /** Once it fires, nothing more is asked of Postgres. */
  readonly interrupt: AbortSignal
  readonly bounds?: CutBounds
}

/** Brings sequences to Postgres, some at a time. */
export class Sender {
  /** Hours whose sums it has changed. */
  readonly changed = new Set<Hour>()
  readonly #options: SenderOptions
  #reason: string | null = null
  #lastProgressMs: number
  #hasAnswered = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#lastProgressMs = options.clock.now()
  }

  /** Why nothing more may be sent; null while all is well. */
  get reason(): string | null {
    return this.#reason
  }

  /** Sends all that sequences hold and Postgres has not counted. What it could not send stays held, and `reason` says why. */
  async send(sequences: readonly Sequence[]): Promise<void> {
    this.#lastProgressMs = this.#options.clock.now()
    await this.#askFor(sequences.filter(({ isKnown }) => !isKnown))
    const queue = sequences.values()
    const work = this.#options.sinks.map(async (sink) => {
      for (const sequence of queue) await this.#sendAll(sequence, sink)
    })
    await Promise.all(work)
  }

  /** Ends the connections. */
  end(): void {
    for (const sink of this.#options.sinks) sink.end()
  }

  async #askFor(sequences: readonly Sequence[]): Promise<void> {
    for (let from = 0; from < sequences.length; from += WRITERS_MAX) {
      const some = sequences.slice(from, from + WRITERS_MAX)
      const rows = await this.#untilAnswered(() =>
        this.#options.readWriters(some.map(({ writer }) => writer)),
      )
      if (rows === null) return
      for (const sequence of some) sequence.know(rows.get(sequence.writer))
    }
  }

  async #sendAll(sequence: Sequence, sink: Sink): Promise<void> {
    while (!this.#isOver && this.#catchUp(sequence) && sequence.held > 0) {
      const prepared = sequence.prepare(this.#options.bounds ?? BATCH_BOUNDS)
      const outcome = await this.#apply(prepared, sink)
      if (outcome?.kind === 'applied') {
        sequence.settle(prepared)
        this.#options.tally.accepted += prepared.batch.increments
        this.changed.add(sequence.hour)
      } else if (outcome?.kind === 'rewound') {
        // Another import of these lines was faster, so the ledger says from where to go on.
        await this.#askFor([sequence])
        if (sequence.seq === prepared.batch.seq - 1) this.#reason ??= `${outcome.reason}.`
      } else if (outcome !== null) {
        this.#reason ??= refusal(outcome)
      }
    }
  }

  get #isOver(): boolean {
    return this.#reason !== null || this.#options.interrupt.aborted
  }

  /** @returns whether lines that are still held may be sent. */
  #catchUp(sequence: Sequence): boolean {
    const { tally } = this.#options
    const { passed, standing } = sequence.catchUp()
    tally.before += passed
    tally.hours.add(sequence.hour)
    switch (standing) {
      case 'in_step':
        return true
      case 'short':
        return false
      case 'different':
        tally.before -= sequence.unproven
        tally.conflictLines(sequence.unproven, sequence.firstLine)
        this.#reason ??= different(sequence)
        return false
      case 'put_back':
        this.#reason ??= PUT_BACK
        return false
      default:
        return unreachable(standing)
    }
  }

  /** @returns null when nothing more may be sent. */
  async #apply({ batch }: Prepared, sink: Sink): Promise<Final | null> {
    let isDoubted = false
    const outcome = await this.#untilAnswered(async () => {
      const answer = await sink.apply(batch)
      if (answer.kind !== 'ambiguous' && answer.kind !== 'behind') return answer
      isDoubted = true
      throw new Error(answer.kind === 'ambiguous' ? answer.reason : 'another import is writing this hour')
    })
    if (outcome === null && isDoubted) this.#options.tally.unknown += batch.increments
    return outcome
  }

  /** Asks until there is an answer, or nothing has come for so long that none is to be expected, or Postgres refuses. @returns null when there is none. */
  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T | null> {
    const { clock, tally } = this.#options
    for (let pauseMs = PAUSE_MS_MIN; !this.#isOver; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        const answer = await ask()
        this.#lastProgressMs = clock.now()
        this.#hasAnswered = true
        tally.trouble = ''
        return answer
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        tally.trouble = reason
        const patienceMs = this.#hasAnswered ? PATIENCE_MS : FIRST_PATIENCE_MS
        const failure = error instanceof NotAnswered ? error.failure : null
        if (failure !== null && failure.kind !== 'ambiguous') this.#reason ??= refusal(failure)
        else if (clock.now() - this.#lastProgressMs >= patienceMs)
          this.#reason ??= `Postgres has not answered for ${patienceMs / 1000} s: ${reason}.`
        else await clock.sleep(pauseMs * (0.5 + clock.random() / 2))
      }
    }
    return null
  }
}

/** An outcome that is no reason to send the same again. */
type Final = Exclude<ApplyOutcome, { kind: 'ambiguous' | 'behind' }>

function refusal(outcome: Extract<Final, { kind: 'refused' | 'cell_refused' }>): string {
  if (outcome.kind === 'cell_refused') return `Postgres refuses a row: ${outcome.reason}.`
  const advice = outcome.isOfSchema
    ? ' Run `npm run migrate` first, or grant the rights that docs/postgres.md names.'
    : ''
  return `Postgres refuses: ${outcome.reason}.${advice}`
}

function different({ hour, firstLine }: Sequence): string {
  return (
    `An earlier import counted other lines of ${formatHour(hour)} behind the same beginning (line ${firstLine}). ` +
    'Lines of this input have changed since, or it is another one: compare the sums of its hours before you count it with --again.'
  )
}

const PUT_BACK =
  'Postgres has fewer lines than this import has written: it was put back to an earlier time. Import the input again.'
