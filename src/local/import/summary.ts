import { formatHour, type Hour } from '../../model/hour.ts'
import type { Ending } from './importer.ts'
import { count } from './progress.ts'
import type { Tally } from './tally.ts'

/** What is left to say when it is over, for standard output. */
export function summarize(tally: Tally, ending: Ending, elapsedMs: number, isDryRun: boolean): string {
  const seconds = elapsedMs / 1000
  const rows: Row[] = [
    ['lines', tally.lines, ''],
    [isDryRun ? 'readable' : 'accepted', tally.accepted, isDryRun ? 'nothing was sent (--dry-run)' : ''],
    ...(tally.duplicates > 0
      ? [['duplicates', tally.duplicates, 'counted before, by their ids'] satisfies Row]
      : []),
    ...(tally.shortened > 0
      ? [
          [
            'shortened',
            tally.shortened,
            'keys too long for the server: their beginning, ~ and a hash',
          ] satisfies Row,
        ]
      : []),
    ['refused', tally.refused, ''],
    ['unknown', tally.unknown, tally.unknown > 0 ? 'counted or not: compare before sending them again' : ''],
    ['hours', tally.hours.size, spanOf(tally.hours)],
    ['seconds', seconds.toFixed(1), `${count(Math.round(tally.lines / Math.max(seconds, 0.001)))} lines/s`],
  ]
  return [...rows.map(rowOf), ...reasonsOf(tally), ...endingOf(ending), ...adviceOf(tally)].join('\n')
}

/** 0 only when everything there was to count is known to be counted. */
export function exitCodeOf(tally: Tally, ending: Ending): number {
  if (ending.kind === 'interrupted') return 130
  return ending.kind === 'complete' && tally.refused === 0 && tally.unknown === 0 ? 0 : 1
}

type Row = [name: string, figure: number | string, note: string]

function rowOf([name, value, note]: Row): string {
  const figure = typeof value === 'number' ? count(value) : value
  return `${name.padEnd(10)} ${figure.padStart(12)}  ${note}`.trimEnd()
}

/** `2015-05-17T10Z to 2015-05-20T21Z`. Not `Math.min(...hours)`: a call bounds its arguments. */
function spanOf(hours: ReadonlySet<Hour>): string {
  let [first] = hours
  let last = first
  for (const hour of hours) {
    if (first !== undefined && hour < first) first = hour
    if (last !== undefined && hour > last) last = hour
  }
  return first === undefined || last === undefined ? '' : `${formatHour(first)} to ${formatHour(last)}`
}

function reasonsOf(tally: Tally): string[] {
  const refusals = [...tally.refusals.values()].sort((a, b) => b.count - a.count)
  return refusals.map(({ count: lines, reason, firstLine }) => {
    const where = lines === 1 ? `line ${firstLine}` : `first in line ${firstLine}`
    return `refused: ${count(lines)} x ${reason} (${where})`
  })
}

function endingOf(ending: Ending): string[] {
  if (ending.kind === 'stopped') return [`stopped: ${ending.reason}`]
  if (ending.kind === 'interrupted')
    return [`interrupted after line ${ending.lastLine}: the rest begins with tail -n +${ending.lastLine + 1}`]
  return []
}

/** An old log on a fresh machine meets closed hours first, and the remedy is not to be guessed. */
function adviceOf(tally: Tally): string[] {
  const isClosed = [...tally.refusals.keys()].some((reason) => /\bclosed\b/i.test(reason))
  return isClosed
    ? ['Their hours are closed. To try an old log on your machine: npm run dev -- --var LATE_HOURS:200000']
    : []
}
