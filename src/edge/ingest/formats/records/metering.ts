import { createHash } from 'node:crypto'
import { fitKey } from '../../../../model/meter/fit-key.ts'
import type { Meter } from '../../../../model/meter/meter.ts'
import { compilePath, type Path } from '../../../../model/meter/path.ts'
import type { Gathering, RefusalReason } from '../../delivery/gathering.ts'

/** Meters that find their records in one place. */
type Group = { readonly path: string | null; readonly find: Path; readonly meters: readonly Meter[] }

/** Counts records by meters, into a gathering. */
export class Metering {
  readonly #gathering: Gathering
  readonly #groups: readonly Group[]

  constructor(gathering: Gathering, meters: readonly Meter[]) {
    this.#gathering = gathering
    const byPath = Map.groupBy(meters, ({ recordsPath }) => recordsPath)
    this.#groups = Array.from(byPath, ([path, own]) => ({ path, find: compilePath(path ?? ''), meters: own }))
  }

  /** Takes what stands in the body: a record, or an object with records in it. */
  take(item: unknown): void {
    for (const { path, find, meters } of this.#groups) {
      if (path === null) this.#record(item, meters)
      else this.#within(find(item), path, meters)
    }
  }

  /** Notes what cannot be read at all. */
  refuse(reason: RefusalReason, message: string): void {
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
    for (const meter of meters) isMatched = this.#count(index, record, meter) || isMatched
    if (!isMatched) this.#gathering.unmatched += 1
  }

  /** @returns whether the meter is for this record. */
  #count(index: number, record: object, meter: Meter): boolean {
    const reading = meter.read(record)
    if (reading.kind === 'unmatched') return false
    if (reading.kind === 'refused') {
      this.#gathering.refuse(index, reading.reason, reading.path, reading.message)
      return true
    }
    const { key, value, atMs, id } = reading
    const asked = { key: fitKey(key, sha256), value, atMs, id, countsAgain: meter.countsAgain }
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

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
