import type { Unit } from '../../../model/time/calendar.ts'
import { usePage } from '../../data/context.ts'
import { isCompared } from '../../data/drawn.ts'
import { drawnOf, type Series, stageOf } from '../../data/series.ts'
import { beforeWords } from '../period-words.ts'
import { Unreadable } from '../unreadable.tsx'
import { Coarse } from './coarse.tsx'

/** The words under a chart: how long a bar is, and how to read those that are not like the others. */
export function Notes({ series, unit }: { readonly series: readonly Series[]; readonly unit: Unit }) {
  const { view } = usePage()
  const isSingle = series.length === 1
  const isStack = series.some(({ breakdown }) => breakdown !== null)
  // The ring of a bucket that runs stands apart from the line, so nothing of it is dashed.
  const isHeld =
    !isStack &&
    series.some((own) =>
      own.held.some(({ count }, i) => count > 0 && (isSingle || stageOf(own, i, Date.now()) === 'over')),
    )
  const isRunning = series.some((own) => own.starts.some((_, i) => stageOf(own, i, Date.now()) === 'running'))
  const isAligned = series.every((own) => own.isAligned)
  return (
    <div class="notes">
      <p>
        Each {isSingle ? 'bar' : 'point'} is {unit === 'hour' ? 'an' : 'a'} {unit}
      </p>
      {isRunning ? (
        <p>
          <span class={`swatch ${isSingle ? 'is-hatched' : 'is-ring'}`} />
          {isSingle ? 'Hatched' : 'Ring'}: this {unit} so far
        </p>
      ) : null}
      {isHeld ? (
        <p>
          <span class={`swatch ${isSingle ? 'is-pale' : 'is-dashed'}`} />
          {isSingle ? 'Paler: acknowledged, not in Postgres yet' : 'Dashed: partly not in Postgres yet'}
        </p>
      ) : null}
      {isCompared(drawnOf(series)) ? (
        <p>
          <span class="swatch is-before" />
          {isSingle ? 'Line' : 'Thin lines'}: {beforeWords(view.period)}
        </p>
      ) : null}
      <Unreadable rows={series.flatMap((own) => own.unreadable)} />
      <Coarse ranges={series.flatMap((own) => own.coarse)} />
      {isAligned ? null : (
        <p>This time zone's offset splits hours. An hour counts in the day in which it begins.</p>
      )}
    </div>
  )
}
