import type { Cell } from '../../src/model/cell.ts'
import { mergeCells } from '../../src/model/cell.ts'
import type { ApplyOutcome, Batch, RegisterOutcome, SealOutcome } from '../../src/model/flush/batch.ts'
import type { Hour } from '../../src/model/hour.ts'
import type { CommittedCounter, CommittedRead } from '../../src/model/read.ts'
import { isLabelled, keyOf } from '../../src/model/slices/slice.ts'

export type Ledger = {
  readonly seq: number
  readonly batch: string | null
  readonly sealed: boolean
  readonly increments: number
}

/** The writer's row as a statement saw it when it began; undefined when there was none. */
type Seen = Ledger | undefined

type Tables = {
  readonly counters: Map<string, Cell>
  /** Of slices with labels, by the slice in place of the key. */
  readonly slices: Map<string, Cell>
  readonly ledger: Map<string, Ledger>
}

/**
 * Postgres as far as Sumdial's statements can see it: the two of src/postgres/sink.ts, and the reader's. Each happens
 * at one instant, except that `apply` first reads as of the instant at which it began.
 *
 * postgres-model.test.ts compares it with a real one.
 */
export class PostgresModel {
  #tables: Tables = { counters: new Map(), slices: new Map(), ledger: new Map() }
  /** A trigger or a constraint refuses cells of keys that begin so. */
  readonly refused = new Map<string, Refusal>()

  get counters(): ReadonlyMap<string, Cell> {
    return this.#tables.counters
  }

  get slices(): ReadonlyMap<string, Cell> {
    return this.#tables.slices
  }

  get ledger(): ReadonlyMap<string, Ledger> {
    return this.#tables.ledger
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

  #write({ writer, seq, id, hour, cells, increments }: Batch): void {
    const { counters, slices, ledger } = this.#tables
    const total = (ledger.get(writer)?.increments ?? 0) + increments
    ledger.set(writer, { seq, batch: id, sealed: false, increments: total })
    for (const [slice, cell] of cells) {
      addTo(counters, placeOf(keyOf(slice), hour), cell)
      if (isLabelled(slice)) addTo(slices, placeOf(slice, hour), cell)
    }
  }

  seal(writer: string): SealOutcome {
    const row = this.#tables.ledger.get(writer) ?? { seq: 0, batch: null, sealed: false, increments: 0 }
    this.#tables.ledger.set(writer, { ...row, sealed: true })
    return { kind: 'sealed', sealed: { seq: row.seq, batch: row.batch } }
  }

  register(writer: string): RegisterOutcome {
    const row = this.#tables.ledger.get(writer) ?? { seq: 0, batch: null, sealed: false, increments: 0 }
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

  copy(): Tables {
    const { counters, slices, ledger } = this.#tables
    return { counters: new Map(counters), slices: new Map(slices), ledger: new Map(ledger) }
  }

  /** Puts the tables back, as point-in-time recovery does. */
  rewindTo({ counters, slices, ledger }: Tables): void {
    this.#tables = { counters: new Map(counters), slices: new Map(slices), ledger: new Map(ledger) }
  }
}

export type Refusal = 'constraint' | 'trigger'

const REFUSALS = {
  constraint: { kind: 'cell_refused', reason: 'SQLSTATE 23514: a check' },
  trigger: { kind: 'refused', reason: 'SQLSTATE P0001: a trigger' },
} as const satisfies Record<Refusal, ApplyOutcome>

function addTo(rows: Map<string, Cell>, place: string, cell: Cell): void {
  const held = rows.get(place)
  rows.set(place, held === undefined ? cell : mergeCells(held, cell))
}

/** Key (or slice) and hour as one text. */
export function placeOf(key: string, hour: Hour): string {
  return `${hour} ${key}`
}

function explain({ seq, id }: Batch, before: Seen): ApplyOutcome {
  const last = before?.seq ?? 0
  if (last === seq && before?.batch === id) return { kind: 'applied' }
  const isMissing = before === undefined && seq > 1
  if (last === seq - 1 && before?.sealed !== true && !isMissing) return { kind: 'behind' }
  return { kind: 'rewound', reason: `the ledger has ${last} where seq ${seq} is sent` }
}
