import type { Hour } from '../../model/hour.ts'

/** One increment on its way. */
export interface Item {
  /** Its line in the input, from 1. */
  readonly line: number
  /** What its line takes in the input, in bytes. */
  readonly bytes: number
  readonly json: string
  readonly hour: Hour | null
  readonly hasId: boolean
  readonly isShortened: boolean
}

/** What is shown of single lines while it runs; the summary counts the rest. */
const SHOWN_MAX = 10

/** Reasons told apart in the summary. A server may put anything into its messages, so this needs a bound. */
const REASONS_MAX = 20

export interface Refusals {
  count: number
  /** In the words of the first one. */
  readonly reason: string
  readonly firstLine: number
}

/**
 * What became of every line. At the end `lines = accepted + duplicates + refused + unknown`.
 *
 * Memory is bounded by the hours that the input covers, not by its lines.
 */
export class Tally {
  /** Lines with anything on them. */
  lines = 0
  /** Bytes of the input whose lines are dealt with. */
  bytes = 0
  accepted = 0
  /** Increments with an id that had been counted before. */
  duplicates = 0
  /** Accepted under a key that is not as its line has it, for that was too long. */
  shortened = 0
  refused = 0
  /** They may have been counted, or not. */
  unknown = 0
  readonly hours = new Set<Hour>()
  readonly refusals = new Map<string, Refusals>()
  #shown = 0
  #shownUnknown = 0
  readonly #say: (text: string) => void

  /** @param say shows one line to whoever watches */
  constructor(say: (text: string) => void) {
    this.#say = say
  }

  count(items: readonly Item[], duplicates: number): void {
    this.accepted += items.length - duplicates
    this.duplicates += duplicates
    for (const item of items) {
      this.bytes += item.bytes
      if (item.isShortened) this.shortened += 1
      if (item.hour !== null) this.hours.add(item.hour)
    }
  }

  refuse(item: Item, reason: string): void {
    this.refuseLine(item.line, item.bytes, reason, item.json)
  }

  /** @param content what to show of it */
  refuseLine(line: number, bytes: number, reason: string, content: string): void {
    this.refused += 1
    this.bytes += bytes
    this.#group(printable(reason, 200), line)
    if (this.#shown < SHOWN_MAX) {
      this.#shown += 1
      this.#say(`line ${line} refused: ${printable(reason, 200)}: ${printable(content, 100)}`)
    }
  }

  doubt(items: readonly Item[], reason: string): void {
    const [first] = items
    if (first === undefined) return
    this.unknown += items.length
    for (const item of items) this.bytes += item.bytes
    if (this.#shownUnknown === SHOWN_MAX) return
    this.#shownUnknown += 1
    const lines = items.length === 1 ? `line ${first.line}` : `lines ${ranges(items)}`
    this.#say(`${lines} may or may not have been counted: ${printable(reason, 200)}`)
  }

  #group(reason: string, line: number): void {
    // Messages that differ in an hour or a size are one reason.
    const kind = reason.replace(/\d+/g, '0')
    const isRoom = this.refusals.has(kind) || this.refusals.size < REASONS_MAX
    const name = isRoom ? kind : 'other reasons'
    const group = this.refusals.get(name)
    if (group === undefined)
      this.refusals.set(name, { count: 1, reason: isRoom ? reason : name, firstLine: line })
    else group.count += 1
  }
}

/** `1-3, 7`; at most a few ranges, since a bundle can have as many as it has items. */
function ranges(items: readonly Item[]): string {
  const runs: { from: number; to: number }[] = []
  for (const { line } of items) {
    const last = runs.at(-1)
    if (last !== undefined && line === last.to + 1) last.to = line
    else runs.push({ from: line, to: line })
  }
  const shown = runs.slice(0, 5).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
  return runs.length > 5 ? `${shown.join(', ')} and more, ${items.length} in all` : shown.join(', ')
}

/** Logs hold what strangers sent: no control character of theirs may reach a terminal. */
export function printable(text: string, charactersMax: number): string {
  const safe = text.replace(/\p{C}/gu, '\u{fffd}')
  return safe.length > charactersMax ? `${safe.slice(0, charactersMax)}...` : safe
}
