import type { Figures } from '../data/answers.ts'
import { usePage } from '../data/context.ts'
import { change, grouped } from '../data/numbers.ts'
import { measureOf } from '../data/series.ts'
import { beforeWords } from './period-words.ts'

type ChangeProps = {
  readonly now: Figures
  /** The sums of the time before; undefined or null where they are not known. */
  readonly before: Figures | null | undefined
}

/** How a figure has changed, in figures and with a sign, because a colour alone says nothing to some. */
export function Change({ now, before }: ChangeProps) {
  const { view } = usePage()
  if (before === undefined || before === null) return null
  const was = measureOf(before, view.by)
  return (
    <span class="change" title={`${grouped(was)} in ${beforeWords(view.period)}`}>
      {change(measureOf(now, view.by), was)}
    </span>
  )
}
