import { STATEMENT_MS_MAX } from '../../src/limits.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import type { ApplyOutcome, Batch, Sink } from '../../src/model/flush/batch.ts'
import { hourOf } from '../../src/model/hour.ts'
import { Flusher } from '../../src/shard/flush.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { PostgresModel } from '../simulation/postgres-model.ts'
import { arrivalOf } from '../support/arrival.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'

export const START = Date.UTC(2026, 10, 21, 20)
export const INTERVAL_MS = 5_000

/** Postgres's outcome of a batch that it does not take; null when it takes it. */
export type Judge = (batch: Batch) => Exclude<ApplyOutcome, { kind: 'applied' }> | null

export const refused = (code: string): ApplyOutcome & { kind: 'refused' } => ({
  kind: 'refused',
  reason: `SQLSTATE ${code}`,
})
export const CELL_REFUSED: ApplyOutcome & { kind: 'cell_refused' } = {
  kind: 'cell_refused',
  reason: 'SQLSTATE 23514',
}
/** A failed serialization, which Postgres tells with an SQLSTATE. */
export const PASSING: ApplyOutcome & { kind: 'ambiguous' } = {
  kind: 'ambiguous',
  reason: 'SQLSTATE 40001',
  isTimeout: false,
  isAnswered: true,
}
export const TIMED_OUT: ApplyOutcome & { kind: 'ambiguous' } = {
  kind: 'ambiguous',
  reason: 'no answer in 10000 ms',
  isTimeout: true,
}

/** How long a statement takes that does not time out, in ms. */
const STATEMENT_MS = 5

/**
 * A shard's own code before a Postgres that is a model, in time that passes only when told. The alarm rings by itself, one
 * at a time, as the platform's does.
 */
export class FlushRig {
  readonly clock = new FakeClock(START)
  readonly store = new ShardStore(nodeSql(), this.clock.uuid)
  readonly postgres = new PostgresModel()
  readonly flusher: Flusher
  /** Statements that were sent, seals included. */
  statements = 0
  /** When each batch was sent, in ms since the start, with its keys and its outcome. */
  readonly sent: { readonly atMs: number; readonly keys: readonly string[]; readonly kind: string }[] = []
  /** When each key first got through, in ms since the start. */
  readonly landedMs = new Map<string, number>()
  judge: Judge = () => null
  #n = 0
  #cancel = () => {}
  #isRinging = false
  #isDue = false

  constructor() {
    this.flusher = new Flusher({
      name: { hour: hourOf(START), slot: 0 },
      store: this.store,
      alarm: { set: (atMs) => this.#arm(atMs) },
      sink: this.#sink(),
      clock: this.clock,
      log: () => {},
      intervalMs: INTERVAL_MS,
      retireAtMs: Number.POSITIVE_INFINITY,
      erase: () => {},
    })
  }

  open(cells: readonly KeyedCell[]): void {
    this.store.merge([arrivalOf('isolate', ++this.#n, cells)], this.clock.now())
    this.#arm(this.flusher.dueMs(this.clock.now()))
  }

  #arm(atMs: number): void {
    this.#cancel()
    this.#cancel = this.clock.after(Math.max(0, atMs - this.clock.now()), () => void this.#ring())
  }

  async #ring(): Promise<void> {
    if (this.#isRinging) {
      this.#isDue = true
      return
    }
    this.#isRinging = true
    await this.flusher.run()
    this.#isRinging = false
    if (!this.#isDue) return
    this.#isDue = false
    await this.#ring()
  }

  #sink(): Sink {
    return {
      apply: async (batch, withinMs = STATEMENT_MS_MAX) => {
        this.statements += 1
        const atMs = this.clock.now() - START
        const before = this.postgres.begin(batch)
        const judged = this.judge(batch)
        await this.clock.sleep(judged?.kind === 'ambiguous' && judged.isTimeout ? withinMs : STATEMENT_MS)
        const outcome = judged ?? this.postgres.apply(batch, before)
        this.sent.push({ atMs, keys: batch.cells.keys, kind: outcome.kind })
        if (outcome.kind === 'applied') this.#land(batch)
        return outcome
      },
      seal: async (writer, shard) => {
        this.statements += 1
        await this.clock.sleep(STATEMENT_MS)
        return this.postgres.seal(writer, shard)
      },
      register: async (writer, shard) => this.postgres.register(writer, shard),
      end: () => undefined,
    }
  }

  #land({ cells }: Batch): void {
    const atMs = this.clock.now() - START
    for (const key of cells.keys) if (!this.landedMs.has(key)) this.landedMs.set(key, atMs)
  }
}
