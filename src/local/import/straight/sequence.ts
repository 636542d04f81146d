import { createHash, type Hash } from 'node:crypto'
import { Accumulator } from '../../../model/accumulator.ts'
import { must } from '../../../model/assert.ts'
import { cellBytes } from '../../../model/cell.ts'
import type { CutBounds } from '../../../model/cut.ts'
import type { Batch } from '../../../model/flush/batch.ts'
import { formatHour, type Hour } from '../../../model/hour.ts'
import type { WriterRow } from '../../../postgres/writers.ts'

/** How the lines that were read stand to the ledger's row of their sequence. */
export type SequenceStanding =
  /** Lines that an earlier import had counted were passed over; what is left may be sent. */
  | 'in_step'
  /** The earlier import had more lines than were read so far, and all of those were passed over. */
  | 'short'
  /** The earlier import had other lines behind the same beginning. */
  | 'different'
  /** Postgres has less than this import has written. */
  | 'put_back'

export type Prepared = { readonly batch: Batch; readonly chain: Hash }

/**
 * The lines of one hour of an input, in the order of the input, and how many of them Postgres has. This is what makes an import
 * straight to Postgres count each line once, for ever. [P5]
 *
 * 1. A sequence is a writer. Its UUID is a hash over the rule of its keys, the hour, and all of the input up to and including
 *    the hour's first line. An input that has grown, or that is imported again, has the same writers.
 * 2. The writer's row in the ledger says how many lines were counted (`increments`), and a hash over these lines (`batch`).
 *    They are always the first lines of the sequence: a batch has the lines that follow those, and Postgres takes it only as
 *    the seq after the row's own, so only if no other batch came between. A seq is given once, so what was the n-th batch
 *    is the n-th batch for ever, and the lines before the next one are fixed.
 * 3. Therefore whoever reads the row knows exactly which lines are left, wherever an earlier import was killed, however it
 *    had cut its batches, and whoever else imports at this moment.
 */
export class Sequence {
  readonly hour: Hour
  readonly writer: string
  readonly firstLine: number
  /** The ledger's row; null when there was none, undefined before it was read. */
  #row: WriterRow | null | undefined
  #isInStep = false
  #unproven = 0
  /** A hash over the lines before those that are held. */
  #chain: Hash = createHash('sha256')
  /** Lines before those that are held. */
  #passed = 0
  #keys: string[] = []
  #values: number[] = []

  /** @param writer by `writerOf` */
  constructor(hour: Hour, writer: string, firstLine: number) {
    this.hour = hour
    this.writer = writer
    this.firstLine = firstLine
  }

  /** Lines that are held, because Postgres may not have them. */
  get held(): number {
    return this.#keys.length
  }

  /** The seq of the last batch that Postgres has applied; 0 for none. */
  get seq(): number {
    return this.#row?.seq ?? 0
  }

  /** Lines that were passed over without a proof that the earlier import had them, because it had more. */
  get unproven(): number {
    return this.#unproven
  }

  /** Whether its row in the ledger has been read. */
  get isKnown(): boolean {
    return this.#row !== undefined
  }

  add(slice: string, value: number): void {
    this.#keys.push(slice)
    this.#values.push(value)
  }

  /** Takes the row that the ledger has now. */
  know(row: WriterRow | undefined): void {
    this.#row = row ?? null
    this.#isInStep = false
  }

  /**
   * Passes over held lines that Postgres has.
   *
   * @returns how many those were, and where that leads.
   */
  catchUp(): { readonly passed: number; readonly standing: SequenceStanding } {
    if (this.#isInStep) return { passed: 0, standing: 'in_step' }
    const { increments = 0, batch = null } = this.#row ?? {}
    const behind = increments - this.#passed
    if (behind < 0) return { passed: 0, standing: 'put_back' }
    const passed = Math.min(behind, this.held)
    if (passed > 0) this.#pass(passed, this.#chainAfter(passed))
    this.#unproven += passed
    if (passed < behind) return { passed, standing: 'short' }
    this.#isInStep = batch === null || batch === uuidOf(this.#chain.copy())
    if (this.#isInStep) this.#unproven = 0
    return { passed, standing: this.#isInStep ? 'in_step' : 'different' }
  }

  /** The next batch, of as many held lines as fit within the bounds. Only in step, and with a line held. */
  prepare(bounds: CutBounds): Prepared {
    const cells = new Accumulator()
    let lines = 0
    for (const [place, key] of this.#keys.entries()) {
      if (lines > 0 && !cells.has(key) && !hasRoom(cells, key, bounds)) break
      cells.add(key, must(this.#values[place], 'a value'))
      lines += 1
    }
    const chain = this.#chainAfter(lines)
    const batch: Batch = {
      writer: this.writer,
      seq: this.seq + 1,
      id: uuidOf(chain.copy()),
      shard: shardOf(this.hour),
      hour: this.hour,
      cells: cells.cells,
      increments: lines,
    }
    return { batch, chain }
  }

  /** Postgres has this batch. */
  settle({ batch, chain }: Prepared): void {
    const { seq, id, increments } = batch
    this.#pass(increments, chain)
    this.#row = { seq, batch: id, increments: this.#passed }
  }

  #chainAfter(lines: number): Hash {
    const texts = this.#keys.slice(0, lines).map((key, place) => `${key}\n${this.#values[place]}\n`)
    return this.#chain.copy().update(texts.join(''))
  }

  #pass(lines: number, chain: Hash): void {
    this.#chain = chain
    this.#passed += lines
    this.#keys = this.#keys.slice(lines)
    this.#values = this.#values.slice(lines)
  }
}

function hasRoom(cells: Accumulator, key: string, bounds: CutBounds): boolean {
  return cells.size < bounds.cells && cells.bytes + cellBytes(key) <= bounds.bytes
}

/**
 * Stands in the ledger in place of a shard. It begins like the name of one whose hour never comes: a writer that is not sealed
 * says that its hour is not final, and whoever asks for those hours, as in docs/sql.md, or sweeps old ones, gets past this one.
 */
export function shardOf(hour: Hour): string {
  return `9999-12-31T23Z/import/${formatHour(hour)}`
}

/**
 * The writer of a sequence. The first part is a version, because lines that are read in another way are other lines.
 *
 * @param rule how a line becomes an increment: the template of its key, or `ndjson`
 * @param salt empty, or random so that an import counts once more
 * @param place of its first line, by `InputPlace`
 */
export function writerOf(rule: string, salt: string, hour: Hour, place: string): string {
  const parts = ['straight 1', rule, salt, formatHour(hour), place]
  return uuidOf(createHash('sha256').update(JSON.stringify(parts)))
}

/** 122 bits of a hash as a UUID of version 8, which no random UUID is. Source: RFC 9562, 5.8. */
function uuidOf(hash: Hash): string {
  const hex = hash.digest('hex')
  const variant = (8 | (Number.parseInt(hex.slice(16, 17), 16) & 3)).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
