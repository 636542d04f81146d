import { formatSecond } from '../../model/hour.ts'
import { formatCount } from '../progress.ts'
import type { RollupEnding, RollupProgress } from './make-days.ts'

export const BEGUN_NOW =
  'Days may be made from now on, because you say that no Worker of the version before runs any more. One that does changes days ' +
  'without marking them: if that happened, run this with --again once it is gone.'

/** The line of progress. */
export function lineOf({ day, made, left, rows, trouble }: RollupProgress, elapsedMs: number): string {
  const perSecond = (made * 1_000) / Math.max(1, elapsedMs)
  const rate = perSecond === 0 ? '' : `, ${perSecond.toFixed(1)} days/s`
  const again = trouble === '' ? '' : `, trying again: ${trouble.slice(0, 120)}`
  return `${day ?? 'looking for days'}, ${formatCount(made)} days made of ${formatCount(rows)} rows, ${formatCount(left)} left${rate}${again}`
}

export function exitCodeOf(ending: RollupEnding): number {
  if (ending.kind === 'interrupted') return 130
  return ending.kind === 'through' && ending.failed.size === 0 ? 0 : 1
}

const FAILED_SHOWN = 10

/** The end of the work, and what to do where it is not all done. */
export function describeEnding(
  ending: RollupEnding,
  { made, rows, left }: RollupProgress,
  { nowMs, elapsedMs }: { readonly nowMs: number; readonly elapsedMs: number },
): string {
  const done = `${formatCount(made)} days made of ${formatCount(rows)} rows in ${(elapsedMs / 1_000).toFixed(1)} s`
  switch (ending.kind) {
    case 'through':
      if (ending.failed.size > 0) return `${done}. Not made:\n${listFailed(ending.failed)}`
      return made === 0
        ? 'Nothing to do: every day that ended 3 days ago is made.'
        : `${done}. Every day that ended 3 days ago is made.`
    case 'interrupted':
      return `${done}, ${formatCount(left)} left. Run this again: it goes on there.`
    case 'not_begun':
      return (
        `Days are made from ${formatSecond(nowMs + ending.beginsInMs)}Z on, a day after their migration, because a Worker of the version ` +
        'before may run until then. The cron makes them from then on. If no such Worker runs any more, run this with --now.'
      )
    case 'stuck':
      return `${done}, ${formatCount(left)} left. The last ones failed: ${ending.reason}\nRun this again once that is mended: it goes on there.`
  }
}

function listFailed(failed: ReadonlyMap<string, string>): string {
  const shown = [...failed].slice(0, FAILED_SHOWN).map(([day, reason]) => `  ${day}: ${reason}`)
  const more = failed.size - shown.length
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}
