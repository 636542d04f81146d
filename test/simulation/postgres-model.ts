import type { Cell } from '../../src/model/cell.ts'
import type { ApplyOutcome, Batch, RegisterOutcome, SealOutcome } from '../../src/model/flush/batch.ts'
import type { Hour } from '../../src/model/hour.ts'
import type { CommittedCounter, CommittedRead } from '../../src/model/read.ts'
import { parseShardName } from '../../src/model/shard-name.ts'
import { isLabelled, keyOf } from '../../src/model/slices/slice.ts'
import {
  deletable,
  deleteSome,
  isOld,
  listToGo,
  listToMake,
  Making,
  mark,
  setGone,
} from './days/day-statements.ts'
import { RowLocks } from './days/row-locks.ts'
import type { Day, Ledger, Rollup, Tables } from './tables.ts'
import { addTo, copyTables, dayOf, noTables, placeOf } from './tables.ts'

/** The writer's row as a statement saw it when it began; undefined when there was none. */
type Seen = Ledger | undefined

/**
 * Postgres as far as Sumdial's statements can see it: those of src/postgres/sink.ts, the reader's, and those that make and
 * delete days. Each happens at one instant, except that `apply` first reads as of the instant at which it began, and that a
 * day is made at several: see Making.
 *
 * postgres-model.test.ts compares it with a real one.
 */
export class PostgresModel {
  readonly #now: () => number
  #tables: Tables = noTables()
  /** Rows of `rollups` that are held. Whoever runs statements sees to it that they wait. */
  readonly locks = new RowLocks()
  /** Days whose rows or hours have changed since somebody looked. */
  readonly #touched = new Set<Day>()
  /** A trigger or a constraint refuses cells of keys that begin so. */
  readonly refused = new Map<string, Refusal>()

  /** @param now the time by Postgres's clock. */
  constructor(now: () => number = () => 0) {
    this.#now = now
  }

  get counters(): ReadonlyMap<string, Cell> {
    return this.#tables.counters
  }

  get slices(): ReadonlyMap<string, Cell> {
    return this.#tables.slices
  }

  get ledger(): ReadonlyMap<string, Ledger> {
    return this.#tables.ledger
  }

  get tables(): Readonly<Tables> {
    return this.#tables
  }

  /** The days that have changed since the last call. */
  takeTouched(): Day[] {
    const touched = [...this.#touched]
    this.#touched.clear()
    return touched
  }

  /** Hours with a writer that is not sealed. */
  unsealedHours(): Hour[] {
    const open = [...this.#tables.ledger.values()].filter(({ sealed }) => !sealed)
    return open.flatMap(({ shard }) => parseShardName(shard)?.hour ?? [])
  }

  /** The day whose row a batch takes as its last act; undefined for a batch that is young. */
  markedBy({ hour }: Batch): Day | undefined {
    return isOld(hour, this.#now()) ? dayOf(hour) : undefined
  }

  /** Begins an `apply`: takes its snapshot. */
  begin(batch: Batch): Seen {
    return this.#tables.ledger.get(batch.writer)
  }

  /** Ends an `apply`: claims the row as it is by now, writes the cells, and says what the answer says. */
  apply(batch: Batch, before: Seen): ApplyOutcome {
    if (this.#claims(batch, before)) {
      const refusal = this.#refusalOf(batch)
      if (refusal !== undefined) return REFUSALS[refusal]
      this.#write(batch)
      return { kind: 'applied' }
    }
    return explain(batch, before)
  }

  #refusalOf({ cells: { keys } }: Batch): Refusal | undefined {
    for (const [beginning, refusal] of this.refused) {
      if (keys.some((key) => key.startsWith(beginning))) return refusal
    }
    return undefined
  }

  #claims({ writer, seq }: Batch, before: Seen): boolean {
    if (seq !== 1 && before === undefined) return false
    const row = this.#tables.ledger.get(writer)
    return row === undefined || (row.seq === seq - 1 && !row.sealed)
  }

  #write(batch: Batch): void {
    this.#touched.add(dayOf(batch.hour))
    this.#add(batch)
    if (isOld(batch.hour, this.#now())) mark(this.#tables, batch, this.#now())
  }

  #add({ writer, shard, seq, id, hour, cells, increments }: Batch): void {
    const { counters, slices, everCounters, everSlices, ledger } = this.#tables
    const before = ledger.get(writer) ?? newWriter(shard)
    ledger.set(writer, { ...before, seq, batch: id, increments: before.increments + increments })
    for (const [slice, cell] of cells) {
      for (const rows of [counters, everCounters]) addTo(rows, placeOf(keyOf(slice), hour), cell)
      if (!isLabelled(slice)) continue
      for (const rows of [slices, everSlices]) addTo(rows, placeOf(slice, hour), cell)
    }
  }

  seal(writer: string, shard: string): SealOutcome {
    const row = this.#tables.ledger.get(writer) ?? newWriter(shard)
    this.#tables.ledger.set(writer, { ...row, sealed: true })
    return { kind: 'sealed', sealed: { seq: row.seq, batch: row.batch } }
  }

  register(writer: string, shard: string): RegisterOutcome {
    const row = this.#tables.ledger.get(writer) ?? newWriter(shard)
    this.#tables.ledger.set(writer, row)
    return { kind: 'registered' }
  }

  read(keys: readonly string[], hours: readonly Hour[], writers: readonly string[]): CommittedRead {
    const rows = writers.flatMap((writer) => {
      const row = this.#tables.ledger.get(writer)
      return row === undefined ? [] : [[writer, row] as const]
    })
    return {
      counters: new Map(keys.map((key) => [key, this.#counter(key, hours)])),
      ledger: new Map(rows),
      unreadable: [],
      coarse: [],
    }
  }

  #counter(key: string, hours: readonly Hour[]): CommittedCounter {
    const cells = new Map<Hour, Cell>()
    for (const hour of hours) {
      const cell = this.#tables.counters.get(placeOf(key, hour))
      if (cell !== undefined) cells.set(hour, cell)
    }
    return { cells, lastFlushMs: null }
  }

  rollupOf(day: Day): Rollup | undefined {
    return this.#tables.rollups.get(day)
  }

  daysToMake(): Day[] {
    return listToMake(this.#tables, this.#now())
  }

  make(day: Day): Making {
    return new Making(this.#tables, day, () => this.#touched.add(day))
  }

  daysToGo(before: Hour): Day[] {
    return listToGo(this.#tables, before)
  }

  setGone(day: Day): void {
    this.#touched.add(day)
    setGone(this.#tables, day)
  }

  deleteSome(table: 'slices' | 'counters', before: Hour, most: number): number {
    for (const day of this.#tables.rollups.keys()) this.#touched.add(day)
    return deleteSome(this.#tables, table, before, most)
  }

  /** Places of hours that retention may delete. */
  deletable(before: Hour): string[] {
    return [...deletable(this.#tables, 'slices', before), ...deletable(this.#tables, 'counters', before)]
  }

  copy(): Tables {
    return copyTables(this.#tables)
  }

  /** Puts the tables back, as point-in-time recovery does. */
  rewindTo(tables: Tables): void {
    for (const day of [...this.#tables.rollups.keys(), ...tables.rollups.keys()]) this.#touched.add(day)
    this.#tables = copyTables(tables)
  }
}

export type Refusal = 'constraint' | 'trigger'

const REFUSALS = {
  constraint: { kind: 'cell_refused', reason: 'SQLSTATE 23514: a check' },
  trigger: { kind: 'refused', reason: 'SQLSTATE P0001: a trigger' },
} as const satisfies Record<Refusal, ApplyOutcome>

function newWriter(shard: string): Ledger {
  return { shard, seq: 0, batch: null, sealed: false, increments: 0 }
}

function explain({ seq, id }: Batch, before: Seen): ApplyOutcome {
  const last = before?.seq ?? 0
  if (last === seq && before?.batch === id) return { kind: 'applied' }
  const isMissing = before === undefined && seq > 1
  if (last === seq - 1 && before?.sealed !== true && !isMissing) return { kind: 'behind' }
  return { kind: 'rewound', reason: `the ledger has ${last} where seq ${seq} is sent` }
}
