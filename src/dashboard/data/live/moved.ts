import { addHours, hourOf, hourStartMs } from '../../../model/hour.ts'
import { groupsHeld, readAnswers } from '../read.ts'
import { heldTotal, type Series, withHeld } from '../series.ts'
import type { Shown } from '../view.ts'
import { isPast } from './reread.ts'

export type MovedSeries = {
  readonly series: readonly Series[]
  /** Whether their hours have passed, and nothing has come since. */
  readonly isResting: boolean
}

type Asking = {
  /** Whether the shards were asked for each of the series since Postgres was. */
  readonly isChecked: boolean
  /** Whether Postgres may be read although it may sleep. */
  readonly mayWake: boolean
  readonly nowMs: number
}

/**
 * The series with what the shards hold now; undefined when Postgres must be read again first. A prefix that has all the
 * others in it is asked for first: while it does not move, neither do they.
 */
export async function movedOf(
  series: readonly Series[],
  { isChecked, mayWake, nowMs }: Asking,
): Promise<MovedSeries | undefined> {
  const [first] = series
  if (first === undefined || first.freshFrom === null) return undefined
  const isResting = isPast(first.to, nowMs)
  if (isResting && mayWake) return undefined
  // An increment of now is in an hour that the series do not have, so a page that rests asks for that hour too.
  const to = isResting ? new Date(hourStartMs(addHours(hourOf(nowMs), 1))).toISOString() : first.to
  const whole = isChecked ? series.find((own) => hasAll(own.shown, series)) : undefined
  const moved = await askHeld(whole === undefined ? series : [whole], first, to)
  if (moved === undefined || (isResting && haveMoved(series, moved))) return undefined
  const all = new Map(moved.map((own) => [own.shown, own]))
  const others = series.filter(({ shown }) => !all.has(shown))
  if (haveMoved(series, moved)) {
    const rest = await askHeld(others, first, to)
    if (rest === undefined) return undefined
    for (const own of rest) all.set(own.shown, own)
  }
  return { series: series.map((own) => all.get(own.shown) ?? own), isResting }
}

/** Whether a key or prefix has all of these in it. */
function hasAll({ kind, name }: Shown, series: readonly Series[]): boolean {
  return kind === 'prefix' && series.every(({ shown }) => shown.name.startsWith(name))
}

/** Whether shards hold more than before of any of these, which are the series or some of them. */
function haveMoved(before: readonly Series[], after: readonly Series[]): boolean {
  return after.some((own) => {
    const of = before.find(({ shown }) => shown === own.shown)
    return of === undefined || heldTotal(of).count !== heldTotal(own).count
  })
}

/** These series, which have one range, filter and label, with what the shards hold of them; undefined when a flush has landed. */
async function askHeld(
  series: readonly Series[],
  { from, freshFrom, where, breakdown }: Series,
  to: string,
): Promise<readonly Series[] | undefined> {
  const shown = series.map((own) => own.shown)
  const fresh = freshFrom !== null && freshFrom > from ? freshFrom : from
  const grouping = breakdown === null ? {} : { by: breakdown.label, limit: groupsHeld(fresh, to) }
  const query = { from: fresh, to, bucket: 'hour', consistency: 'unsettled', where, ...grouping } as const
  const answers = await readAnswers(shown, query)
  const moved = series.map((own, i) => {
    const answer = answers[i]
    return answer === undefined ? undefined : withHeld(own, answer)
  })
  return moved.every((own) => own !== undefined) ? moved : undefined
}
