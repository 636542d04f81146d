import { formatHour, type Hour } from '../../model/hour.ts'
import { formatCount } from '../progress.ts'
import type { Ending } from './importer.ts'
import { type ImportTally, type LineSpan, printable } from './tally.ts'

export type ImportOutcome = {
  readonly tally: ImportTally
  readonly ending: Ending
  readonly elapsedMs: number
  readonly isDryRun: boolean
  /** Whether the same command counts nothing twice. */
  readonly isRepeatable: boolean
  /** The database that the sums went straight to, without its password; null when a Worker got them. */
  readonly database: string | null
  /** Hours whose sums that has changed although they are final. */
  readonly finalHours: readonly Hour[]
  /** Where a dashboard may show it; null when that is not known. */
  readonly url: URL | null
}

/** Everything that is left to say when the import is over, for standard output. */
export function summarize(outcome: ImportOutcome): string {
  const rows = rowsOf(outcome).map(writeRow)
  const more = [reasonsOf(outcome.tally), finalsOf(outcome), placeOf(outcome), adviceOf(outcome)]
  return [...rows, ...more.flat()].join('\n')
}

/** 0 only when every line was counted, now or before, or was no request. */
export function exitCodeOf(tally: ImportTally, ending: Ending): number {
  if (ending.kind === 'interrupted') return 130
  const isWhole = tally.acknowledged + tally.noRequests.count === tally.lines
  return ending.kind === 'complete' && isWhole ? 0 : 1
}

type SummaryRow = readonly [name: string, figure: number | string, note: string]

function rowsOf({ tally, ending, elapsedMs, isDryRun }: ImportOutcome): SummaryRow[] {
  const seconds = elapsedMs / 1000
  const { conflicting, unsent, noRequests } = tally
  const next = ending.kind === 'complete' ? `the next is line ${ending.lastLine + 1}` : ''
  return [
    ['lines', tally.lines, next],
    isDryRun
      ? ['readable', tally.accepted, 'nothing was sent (--dry-run)']
      : ['accepted', tally.accepted, ''],
    ...rowIf('duplicates', tally.before, 'had been counted by an earlier import of this file'),
    ...rowIf('by id', tally.byId, 'had been counted before, under their ids'),
    ...rowIf('shortened', tally.shortened, 'keys too long for the server: their beginning, ~ and a hash'),
    ...rowIf('conflicts', conflicting.count, `not counted: ${linesOf(conflicting)}`),
    ...rowIf('no HTTP', noRequests.count, `not requests, so not counted: ${linesOf(noRequests)}`),
    ['refused', tally.refused, ''],
    ['unknown', tally.unknown, tally.unknown > 0 ? 'sent, but no answer says whether they were counted' : ''],
    ...rowIf('not sent', unsent.count, `not counted: ${linesOf(unsent)}`),
    ['hours', tally.hours.size, spanOf(tally.hours)],
    [
      'seconds',
      seconds.toFixed(1),
      `${formatCount(Math.round(tally.lines / Math.max(seconds, 0.001)))} lines/s`,
    ],
  ]
}

function rowIf(name: string, figure: number, note: string): SummaryRow[] {
  return figure > 0 ? [[name, figure, note]] : []
}

function writeRow([name, value, note]: SummaryRow): string {
  const figure = typeof value === 'number' ? formatCount(value) : value
  return `${name.padEnd(10)} ${figure.padStart(12)}  ${note}`.trimEnd()
}

/** `lines 201 to 300`; lines between them may have had another outcome. */
function linesOf({ first, last }: LineSpan): string {
  return first === last ? `line ${first}` : `lines ${first} to ${last}`
}

/** `2015-05-17T10Z to 2015-05-20T21Z`. */
function spanOf(hours: ReadonlySet<Hour>): string {
  const ends = endsOf(hours)
  return ends === null ? '' : ends.map(formatHour).join(' to ')
}

/** The first and the last. Not `Math.min(...hours)`, because a call bounds its arguments. */
function endsOf(hours: ReadonlySet<Hour>): [Hour, Hour] | null {
  let [first] = hours
  let last = first
  for (const hour of hours) {
    if (first !== undefined && hour < first) first = hour
    if (last !== undefined && hour > last) last = hour
  }
  return first === undefined || last === undefined ? null : [first, last]
}

/** The address of the dashboard with the days of the import: by itself it shows the last 24 hours. */
function placeOf({ tally, url, database, isDryRun }: ImportOutcome): string[] {
  const ends = endsOf(tally.hours)
  if (ends === null || isDryRun) return []
  if (url === null) return database === null ? [] : [`Written to ${database}.`]
  const [from, to] = ends.map((hour) => formatHour(hour).slice(0, 10))
  const page = new URL(url)
  page.pathname = `${page.pathname.replace(/\/+$/, '')}/`
  page.search = `from=${from}&to=${to}&tz=UTC`
  return [`See it at ${page.href}`]
}

function finalsOf({ finalHours }: ImportOutcome): string[] {
  if (finalHours.length === 0) return []
  const hours = finalHours.length === 1 ? 'final hour has' : 'final hours have'
  const span = spanOf(new Set(finalHours))
  return [
    `${formatCount(finalHours.length)} ${hours} changed, ${span}: what was made from the old sums, such as an invoice, is out of date.`,
  ]
}

function reasonsOf(tally: ImportTally): string[] {
  const refusals = [...tally.refusals.values()].sort((a, b) => b.count - a.count)
  return refusals.map(({ count, reason, firstLine }) => {
    const where = count === 1 ? `line ${firstLine}` : `first in line ${firstLine}`
    return `refused: ${formatCount(count)} x ${reason} (${where})`
  })
}

/** Why it is not complete, and what the person can do about it. */
function adviceOf({ tally, ending, isRepeatable, isDryRun, database }: ImportOutcome): string[] {
  const advice: string[] = []
  if (ending.kind === 'stopped') advice.push(`Stopped: ${printable(ending.reason, 500)}`)
  if (ending.kind === 'interrupted') advice.push(`Interrupted after line ${ending.lastLine}.`)
  const isDamaged = ending.kind === 'stopped' && ending.isDamaged
  if (isDamaged && tally.accepted > 0) advice.push(DAMAGED)
  const isUnfinished = (ending.kind !== 'complete' && !isDamaged) || tally.unknown > 0
  if (isUnfinished && isRepeatable && !isDryRun)
    advice.push('Run the same command again to go on: nothing is counted twice.')
  if (ending.kind === 'interrupted' && !isRepeatable)
    advice.push(`The rest begins with tail -n +${ending.lastLine + 1}.`)
  if (tally.unknown > 0 && !isRepeatable)
    advice.push(
      'The names of this import were random: compare the sums before you import the unknown lines again.',
    )
  if (tally.unproven > 0)
    advice.push(
      `${formatCount(tally.unproven)} of the duplicates are the beginning of hours of which an earlier import had more lines. ` +
        'That import had a longer copy of this input, or another input that begins alike: --again would count it.',
    )
  if (tally.conflicting.count > 0 && database === null) advice.push(...CONFLICT_ADVICE)
  if ([...tally.refusals.keys()].some((reason) => /\bclosed\b/i.test(reason)))
    advice.push(
      'Their hours are closed to the Worker, and never to Postgres: npm run import -- --into-postgres FILE',
    )
  return advice
}

const DAMAGED =
  'Lines before the damage may have been read wrong, and were counted. Under a repaired input they would count again: compare the sums first.'

const CONFLICT_ADVICE = [
  'An earlier import counted other lines under the names of the conflicting batches, so nothing was counted again.',
  'If the file has grown since: import it with --since LINE, where LINE is the one that the earlier import named as the next.',
  'Otherwise lines have changed: compare the sums of their hours with the file before you count any of them with --again.',
]
