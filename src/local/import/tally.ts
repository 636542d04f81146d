import type { Outgoing } from '../../client/internal.ts'
import type { Hour } from '../../model/hour.ts'
import { formatCount } from '../progress.ts'

/** The increment of one line, on its way to the server. */
export type OutgoingLine = Outgoing & {
  /** Its line in the input, counted from 1. */
  readonly line: number
  /** Null when only the server could tell, and then it refuses the increment. */
  readonly hour: Hour | null
  /** Whether the line gives it an id of its own. */
  readonly hasId: boolean
  /** Whether its key was too long for the server and had to be shortened. */
  readonly isShortened: boolean
}

/** Single lines that are shown while the import runs; the summary counts the others. */
const SHOWN_MAX = 10

/** Reasons that the summary tells apart. A server may put anything into its messages, so this needs a bound. */
const REASONS_MAX = 20

/** Refused lines with one reason. */
export type LineRefusals = {
  count: number
  /** The reason of the first of them. */
  readonly reason: string
  readonly firstLine: number
}

/** Some lines of the input. */
export type LineSpan = { count: number; first: number; last: number }

/**
 * The outcome of every line: `lines` is the sum of `accepted`, `before`, `byId`, `refused`, `unknown` and the counts of
 * `noRequests`, `conflicting` and `unsent`. Memory is bounded by the hours of the input, not by its lines.
 */
export class ImportTally {
  /** Lines that are not blank. */
  lines = 0
  /** Acknowledged, and not known to have been counted before this import. */
  accepted = 0
  /** Counted before, under the name of their batch: by an earlier import of the same lines. */
  before = 0
  /** Those of `before` of which only the beginning is known to be that of the earlier import, which had more lines. */
  unproven = 0
  /** Counted before, under ids of their own. */
  byId = 0
  /** Accepted under a key that had to be shortened. */
  shortened = 0
  refused = 0
  /** Lines of a log whose client did not send HTTP, when the key needs a part of the request. */
  readonly noRequests: LineSpan = { count: 0, first: 0, last: 0 }
  /** Sent, but it is not known whether they were counted. */
  unknown = 0
  /** Why a request had to be sent again; empty since another one got through. */
  trouble = ''
  /** Not counted, because the name of their batch had been used for other lines; some may have been counted then. */
  readonly conflicting: LineSpan = { count: 0, first: 0, last: 0 }
  /** Read but not sent, because the import ended first. */
  readonly unsent: LineSpan = { count: 0, first: 0, last: 0 }
  readonly hours = new Set<Hour>()
  readonly refusals = new Map<string, LineRefusals>()
  #refusalsShown = 0
  #groupsShown = 0
  readonly #say: (text: string) => void

  /** @param say shows one line to the person who waits */
  constructor(say: (text: string) => void) {
    this.#say = say
  }

  get acknowledged(): number {
    return this.accepted + this.before + this.byId
  }

  /** @param before how many of the items had been counted before this import */
  count(items: readonly OutgoingLine[], before: number): void {
    const haveIds = items[0]?.hasId === true
    this.trouble = ''
    this.accepted += items.length - before
    if (haveIds) this.byId += before
    else this.before += before
    for (const { hour, isShortened } of items) {
      if (isShortened) this.shortened += 1
      if (hour !== null) this.hours.add(hour)
    }
  }

  refuse(item: OutgoingLine, reason: string): void {
    this.refuseLine(item.line, reason, item.json)
  }

  /** @param content shown, shortened, after the reason */
  refuseLine(line: number, reason: string, content: string): void {
    this.refused += 1
    this.#group(printable(reason, 200), line)
    if (this.#refusalsShown === SHOWN_MAX) return
    this.#refusalsShown += 1
    this.#say(`line ${line} refused: ${printable(reason, 200)}: ${printable(content, 100)}`)
  }

  /** A line that is no request, and no fault. */
  passOver(line: number): void {
    extend(this.noRequests, [{ line }])
  }

  doubt(items: readonly OutgoingLine[], reason: string): void {
    this.unknown += items.length
    this.#show(items, `may or may not have been counted: ${printable(reason, 200)}`)
  }

  conflict(items: readonly OutgoingLine[]): void {
    extend(this.conflicting, items)
    this.#show(items, 'not counted: an earlier import counted other lines under the name of their batch')
  }

  leave(items: readonly OutgoingLine[]): void {
    extend(this.unsent, items)
  }

  /** Lines of which one was the first, that an earlier import had not counted under the name that they have. */
  conflictLines(count: number, first: number): void {
    const { conflicting } = this
    conflicting.first = conflicting.count === 0 ? first : Math.min(conflicting.first, first)
    conflicting.last = Math.max(conflicting.last, first)
    conflicting.count += count
  }

  /** Lines that were read and not counted, somewhere from one line to another. */
  leaveLines(count: number, first: number, last: number): void {
    Object.assign(this.unsent, { count, first, last })
  }

  #show(items: readonly OutgoingLine[], fate: string): void {
    if (items.length === 0 || this.#groupsShown === SHOWN_MAX) return
    this.#groupsShown += 1
    this.#say(`${items.length === 1 ? 'line' : 'lines'} ${ranges(items)} ${fate}`)
  }

  #group(reason: string, line: number): void {
    // Messages that differ in an hour or a size are one reason.
    const kind = reason.replace(/\d+/g, '0')
    const isRoom = this.refusals.has(kind) || this.refusals.size < REASONS_MAX
    const name = isRoom ? kind : 'other reasons'
    const group = this.refusals.get(name)
    if (group !== undefined) group.count += 1
    else this.refusals.set(name, { count: 1, reason: isRoom ? reason : name, firstLine: line })
  }
}

function extend(span: LineSpan, items: readonly Pick<OutgoingLine, 'line'>[]): void {
  for (const { line } of items) {
    if (span.count === 0 || line < span.first) span.first = line
    if (line > span.last) span.last = line
    span.count += 1
  }
}

/** `1-3, 7`, with a few ranges at most, because a batch can have as many as it has items. */
function ranges(items: readonly OutgoingLine[]): string {
  const runs: { from: number; to: number }[] = []
  for (const { line } of items) {
    const last = runs.at(-1)
    if (last !== undefined && line === last.to + 1) last.to = line
    else runs.push({ from: line, to: line })
  }
  const shown = runs.slice(0, 5).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
  return runs.length > 5
    ? `${shown.join(', ')} and more, ${formatCount(items.length)} in all`
    : shown.join(', ')
}

/**
 * A text with `\x1b` for a control character, and `\u{202e}` for any other that does not show. Logs hold what strangers
 * sent, and none of that may reach a terminal as it is.
 */
export function printable(text: string, charactersMax: number): string {
  const safe = text.slice(0, charactersMax + 1).replace(/\p{C}/gu, escaped)
  return safe.length > charactersMax ? `${safe.slice(0, charactersMax)}...` : safe
}

function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  return hex.length > 2 ? `\\u{${hex}}` : `\\x${hex.padStart(2, '0')}`
}

/** Whether some request with it was sent whose answer does not say that it was not counted. */
export function isDoubted({ certainty }: OutgoingLine): boolean {
  return certainty !== 'uncounted'
}
