import { createHash } from 'node:crypto'
import { fitKey, fitLabels } from '../../../../model/meter/fit-key.ts'
import type { Meter } from '../../../../model/meter/meter.ts'
import { compilePath, type Path } from '../../../../model/meter/path.ts'
import type { Lack } from '../../../../model/meter/template.ts'
import type { Gathering } from '../../delivery/gathering.ts'
import type { RefusalReason } from '../../delivery/refusal.ts'

/** Meters that find their records in one place. */
type MetersOfPath = { readonly path: string | null; readonly find: Path; readonly meters: readonly Meter[] }

/** Facts about a record that its format knows, for meters that have nothing else for them. */
export type Facts = {
  /** Epoch ms; or why there is no time, when a record without one is not counted. */
  readonly at?: number | Lack
  readonly id?: string
  readonly value?: number
  /** Whether its doubles were added up by whoever sends it. */
  readonly isAddedUp?: boolean
}

const NO_FACTS: Facts = {}

/** Counts records by meters, into a gathering. */
export class Metering {
  /** Pieces of the body that are no JSON. */
  unreadable = 0
  readonly #gathering: Gathering
  readonly #byPath: readonly MetersOfPath[]

  constructor(gathering: Gathering, meters: readonly Meter[]) {
    this.#gathering = gathering
    const byPath = Map.groupBy(meters, ({ recordsPath }) => recordsPath)
    this.#byPath = Array.from(byPath, ([path, own]) => ({ path, find: compilePath(path ?? ''), meters: own }))
  }

  /** Takes one record, which is not looked for in an array. */
  takeRecord(record: object, facts: Facts): void {
    if (!this.countRecord(this.#gathering.next(), record, facts)) this.#gathering.unmatched += 1
  }

  /** Counts the record that was begun last. @returns whether a meter is for it. */
  countRecord(index: number, record: object, facts: Facts): boolean {
    let isMatched = false
    for (const { meters } of this.#byPath) {
      for (const meter of meters) isMatched = this.#count(index, record, meter, facts) || isMatched
    }
    return isMatched
  }

  /** Takes what stands in the body: a record, or an object with records in it. */
  take(item: unknown): void {
    for (const { path, find, meters } of this.#byPath) {
      if (path === null) this.#record(item, meters)
      else this.#within(find(item), path, meters)
    }
  }

  /** Notes what cannot be read at all. */
  refuse(reason: RefusalReason, message: string): void {
    if (reason === 'malformed') this.unreadable += 1
    this.#gathering.refuse(this.#gathering.next(), reason, '', message)
  }

  #within(records: unknown, path: string, meters: readonly Meter[]): void {
    if (!Array.isArray(records)) {
      this.#gathering.refuse(this.#gathering.next(), 'field', path, 'must be an array of records')
      return
    }
    for (const record of records) this.#record(record, meters)
  }

  #record(record: unknown, meters: readonly Meter[]): void {
    const index = this.#gathering.next()
    if (typeof record !== 'object' || record === null) {
      this.#gathering.refuse(index, 'malformed', '', 'must be an object')
      return
    }
    let isMatched = false
    for (const meter of meters) isMatched = this.#count(index, record, meter, NO_FACTS) || isMatched
    if (!isMatched) this.#gathering.unmatched += 1
  }

  /** @returns whether the meter is for this record. */
  #count(index: number, record: object, meter: Meter, facts: Facts): boolean {
    const reading = meter.read(record, facts.isAddedUp)
    if (reading.kind === 'unmatched') return false
    if (reading.kind === 'refused') {
      this.#gathering.refuse(index, reading.reason, reading.path, reading.message)
      return true
    }
    const { countsAgain } = meter
    const at = meter.hasTime ? reading.atMs : facts.at
    if (typeof at === 'object') {
      this.#gathering.refuse(index, 'time', at.path, at.message)
      return true
    }
    const id = reading.id ?? facts.id
    const value = meter.hasValue ? reading.value : (facts.value ?? reading.value)
    const labels = reading.labels === undefined ? '' : fitLabels(reading.labels, sha256)
    const asked = { key: fitKey(reading.key, sha256), labels, value, atMs: at, id, countsAgain }
    if (this.#gathering.count(asked)) this.#vary(record, meter)
    return true
  }

  #vary(record: object, { fields }: Meter): void {
    for (const { name, read } of fields) {
      const text = read(record)
      if (typeof text === 'string') this.#gathering.vary(name, text)
    }
  }
}

/**
 * The meters for records that come without naming one: those that pick their records by `match`, and do not look for them
 * in some array.
 */
export function selectiveMeters(meters: readonly Meter[]): readonly Meter[] {
  return meters.filter(({ hasMatch, recordsPath }) => hasMatch && recordsPath === null)
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
