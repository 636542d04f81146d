import type { Unit } from '../../../model/time/calendar.ts'
import type { Figures } from '../../data/answers.ts'
import { usePage } from '../../data/context.ts'
import { isCompared } from '../../data/drawn.ts'
import { change, grouped } from '../../data/numbers.ts'
import { bucketTotal, type DrawnSeries, measureOf, NONE, plus, stageOf } from '../../data/series.ts'
import { bucketWords } from '../../data/time.ts'
import { UNIT_WORDS } from '../controls.tsx'
import { Scrolls } from '../scrolls.tsx'
import { ShownName, shownNameOf } from '../shown-name.tsx'

/** The chart's figures as a table. */
export function FiguresTable({ series, unit }: { readonly series: DrawnSeries; readonly unit: Unit }) {
  const { view, zone } = usePage()
  const isMany = series.length > 1
  const hasBefore = !isMany && isCompared(series)
  const total = (i: number) => series.map((own) => bucketTotal(own, i)).reduce(plus, NONE)
  const begun = (series[0]?.starts ?? [])
    .map((start, i) => ({ start, i, stage: stageAmong(series, i) }))
    .filter(({ stage }) => stage !== 'ahead')
  return (
    <Scrolls label="Table" isLong>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{UNIT_WORDS[unit].slice(0, -1)}</th>
            {series.map(({ shown }) => (
              <th key={`${shown.kind} ${shownNameOf(shown)}`} scope="col" class="number">
                <ShownName shown={shown} />
              </th>
            ))}
            {isMany ? (
              <th scope="col" class="number">
                Together
              </th>
            ) : null}
            {hasBefore ? (
              <>
                <th scope="col" class="number">
                  Before
                </th>
                <th scope="col" class="number">
                  Change
                </th>
              </>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {begun.map(({ start, i, stage }) => (
            <tr key={start}>
              <th scope="row">
                {bucketWords(start, unit, zone)}
                {stage === 'running' ? <span class="hint"> so far</span> : null}
              </th>
              {series.map((own) => (
                <td key={`${own.shown.kind} ${shownNameOf(own.shown)}`} class="number">
                  {grouped(measureOf(bucketTotal(own, i), view.by))}
                </td>
              ))}
              {isMany ? <td class="number">{grouped(measureOf(total(i), view.by))}</td> : null}
              {hasBefore ? <BeforeCells now={total(i)} before={series[0]?.before?.buckets[i]} /> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}

/** A bucket of the time before, which is empty where the period has more of them. */
function BeforeCells({ now, before }: { readonly now: Figures; readonly before: Figures | undefined }) {
  const { view } = usePage()
  return (
    <>
      <td class="number">{before === undefined ? '' : grouped(measureOf(before, view.by))}</td>
      <td class="number">
        {before === undefined ? '' : change(measureOf(now, view.by), measureOf(before, view.by))}
      </td>
    </>
  )
}

/** A bucket has begun for all series once it has for one of them. */
function stageAmong(series: DrawnSeries, i: number): ReturnType<typeof stageOf> {
  const stages = series.map((own) => stageOf(own, i, Date.now()))
  return stages.find((stage) => stage !== 'ahead') ?? 'ahead'
}
