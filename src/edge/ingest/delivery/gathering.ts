import {
  DELIVERY_CELL_BYTES_MAX,
  DELIVERY_CELLS_MAX,
  DELIVERY_RECORDS_MAX,
  RECORD_FAULTS_TOLD_MAX,
  REQUEST_ITEMS_MAX,
} from '../../../limits.ts'
import type { Grant } from '../../../model/access/grant.ts'
import { Accumulator } from '../../../model/accumulator.ts'
import { cellBytes } from '../../../model/cell.ts'
import { formatHour, type Hour, hourOf } from '../../../model/hour.ts'
import { keyFault } from '../../../model/key.ts'
import { sliceWithin } from '../../../model/slices/labels.ts'
import { faultBeyond } from '../allowance.ts'
import { type Terms, timeFault, valueFault } from '../check.ts'
import { addNamed, type CountedValue, type Named } from './named.ts'
import { nameOfRecord } from './record-name.ts'
import type { RecordFault, RefusalReason } from './refusal.ts'
import { Variety } from './variety.ts'

/** An increment that a record asks for. Everything else about it is checked here. */
export type AskedIncrement = {
  readonly key: string
  /** In `labelsText`'s form; empty by default. Where they are too long with the key, it counts as overflow. [L2] */
  readonly labels?: string
  /** `sliceWithin` of the key and the labels, from a reader that has it. */
  readonly slice?: string
  /** Any number; 0 counts nothing. */
  readonly value: number
  /** Epoch ms; undefined for the time of arrival. */
  readonly atMs?: number | undefined
  /** The record's own name, of any length. */
  readonly id?: string | undefined
  /** Whether the same bytes count again when they are sent again: `"repeat": "count"`. */
  readonly countsAgain?: boolean
}

/** A bound that the records of a delivery have passed together. */
export type Excess = 'records' | 'cells'

export type SumsByHour = ReadonlyMap<Hour, Accumulator>

/**
 * Adds up what the records of a delivery ask for, while they are read. Each increment is checked by itself, and a bad one
 * is refused, noted and left out. [N2] Memory is bounded by cells, not by records. [I5]
 */
export class Gathering {
  readonly terms: Terms
  /** Records read so far. */
  records = 0
  /** Records that no meter is for. */
  unmatched = 0
  /** Increments that the records ask for, other than 0, whether or not they are refused. */
  increments = 0
  /** Increments of 0. */
  zeros = 0
  /** Increments and records that were refused. */
  refused = 0
  readonly reasons = new Map<RefusalReason, number>()
  readonly faults: RecordFault[] = []
  readonly #grant: Grant
  readonly #named = new Map<Hour, Accumulator>()
  readonly #unnamed = new Map<Hour, Accumulator>()
  /** Null once there are too many for each to have a name of its own. */
  #ids: Named[] | null = []
  #idBytes = 0
  #cells = 0
  #bytes = 0
  /** The hour that was last found open. */
  #openHour: Hour | undefined
  readonly #variety = new Variety()

  /** @param grant keys and values that it may not count are refused. [S2] */
  constructor(terms: Terms, grant: Grant) {
    this.terms = terms
    this.#grant = grant
  }

  /** The bound that is passed. Then nothing of the delivery may be counted, and the format need not read on. */
  get excess(): Excess | undefined {
    if (this.records > DELIVERY_RECORDS_MAX) return 'records'
    return this.#cells > DELIVERY_CELLS_MAX || this.#bytes > DELIVERY_CELL_BYTES_MAX ? 'cells' : undefined
  }

  /** The bound of the token on the increments of a request, when it is passed. [S2] */
  get beyondItems(): number | undefined {
    const { itemsMax } = this.#grant.limits ?? {}
    return itemsMax !== undefined && this.increments > itemsMax ? itemsMax : undefined
  }

  /** The field that makes the most cells, as far as `vary` was told. */
  get mostVaried(): string | null {
    return this.#variety.most()
  }

  /** Sums that are named by the delivery's content. */
  get sums(): SumsByHour {
    return this.#named
  }

  /** Sums that have no name, because they count again when they are sent again. */
  get unnamed(): SumsByHour {
    return this.#unnamed
  }

  get named(): readonly Named[] {
    return this.#ids ?? []
  }

  /** Whether records had ids that are not used, because there are too many. */
  get hasDroppedIds(): boolean {
    return this.#ids === null && this.#idBytes > 0
  }

  /** Begins the next record. @returns its index. */
  next(): number {
    this.records += 1
    // By the records read, and not by those that count: a retry must come to the same names. [N1]
    if (this.records > REQUEST_ITEMS_MAX) this.#dropIds()
    return this.records - 1
  }

  /** Notes the value of a field when `count` has opened a cell, so that `mostVaried` can name the field. */
  vary(field: string, value: string): void {
    this.#variety.note(field, value)
  }

  /** Notes that a record, or one increment of it, is not counted. [N2] */
  refuse(index: number, reason: RefusalReason, path: string, message: string): void {
    this.refused += 1
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
    if (this.faults.length < RECORD_FAULTS_TOLD_MAX) this.faults.push({ index, path, message })
  }

  /**
   * Counts an increment of the record that was begun last, or refuses it.
   *
   * @returns whether it has opened a cell.
   */
  count({
    key,
    labels = '',
    slice = sliceWithin(key, labels),
    value,
    atMs,
    id,
    countsAgain,
  }: AskedIncrement): boolean {
    const index = this.records - 1
    const name = id === undefined ? undefined : nameOfRecord(id)
    if (name !== undefined) this.#noteId(name, slice)
    if (value === 0) {
      this.zeros += 1
      return false
    }
    const fault = valueFault(value, this.terms.mayAdjust)
    if (fault !== undefined) return this.#refused(index, 'value', fault)
    this.increments += 1
    const limit = this.#limitOf(value)
    if (limit !== undefined) return this.#refused(index, 'limit', limit, 'value')
    const hour = this.#hourOf(index, atMs)
    if (hour === undefined) return false
    if (name !== undefined && this.#ids !== null) {
      if (this.#isKeyGood(index, key)) addNamed(this.#ids, { index, key, hour, id: name }, { slice, value })
      return false
    }
    return this.#add(countsAgain === true ? this.#unnamed : this.#named, { index, key, slice, value, hour })
  }

  #refused(index: number, reason: RefusalReason, message: string, path: string = reason): false {
    this.refuse(index, reason, path, message)
    return false
  }

  #limitOf(value: number): string | undefined {
    if (this.#grant.limits?.valueMax === undefined) return undefined
    return faultBeyond(this.#grant, { keys: [], values: [value] })
  }

  #hourOf(index: number, atMs: number | undefined): Hour | undefined {
    const { nowMs, lateHours } = this.terms
    if (atMs === undefined) return hourOf(nowMs)
    const hour = hourOf(atMs)
    // Neighbours nearly always share an hour, which closes for all of them alike.
    if (hour === this.#openHour && atMs <= nowMs) return hour
    const fault = timeFault(atMs, lateHours, nowMs)
    if (fault !== undefined) this.#refused(index, 'time', fault, 'at')
    else this.#openHour = hour
    return fault === undefined ? hour : undefined
  }

  #isKeyGood(index: number, key: string): boolean {
    const fault = keyFault(key)
    if (fault !== undefined) return this.#refused(index, 'key', fault)
    const limit = faultBeyond(this.#grant, { keys: [key], values: [] })
    return limit === undefined || this.#refused(index, 'limit', limit, 'key')
  }

  #add(
    to: Map<Hour, Accumulator>,
    { index, key, slice, value, hour }: Omit<Named, 'id' | 'counted'> & CountedValue,
  ): boolean {
    const cells = to.get(hour) ?? new Accumulator()
    // A key that has a cell was checked when it was opened.
    if (cells.merge(slice, value)) return false
    if (!this.#isKeyGood(index, key)) return false
    const before = cells.bytes
    cells.add(slice, value)
    this.#cells += 1
    this.#bytes += cells.bytes - before
    if (cells.size > 1) return true
    to.set(hour, cells)
    this.#variety.note('at', formatHour(hour))
    return true
  }

  /** Counts an id's bytes before anything is judged, because a retry, later, must come to the same names. [N1] */
  #noteId(name: string, slice: string): void {
    this.#idBytes += 2 * cellBytes(slice) + name.length
    if (this.#idBytes > DELIVERY_CELL_BYTES_MAX) this.#dropIds()
  }

  #dropIds(): void {
    const ids = this.#ids ?? []
    this.#ids = null
    for (const { counted, ...record } of ids) {
      for (const each of counted) this.#add(this.#named, { ...record, ...each })
    }
  }
}
