import type { Figures } from '../data/answers.ts'
import { share } from '../data/numbers.ts'
import { measureOf } from '../data/series.ts'
import type { Measure } from '../data/view.ts'
import { Change } from './change.tsx'
import { Figure } from './figure.tsx'

/** The heading of a measure's figures. */
export function wordsOf(by: Measure): string {
  return by === 'sum' ? 'Sum' : 'Increments'
}

/** The heads of a table's last columns: the measure, its change from the time before, and its share of the whole. */
export function MeasureHeads({ by, isCompared }: { readonly by: Measure; readonly isCompared: boolean }) {
  return (
    <>
      <th scope="col" class="number">
        {wordsOf(by)}
      </th>
      {isCompared ? (
        <th scope="col" class="number changes">
          Change
        </th>
      ) : null}
      <th scope="col" class="number part">
        Share
      </th>
    </>
  )
}

type MeasureCellsProps = {
  readonly by: Measure
  readonly now: Figures
  readonly before: Figures | null | undefined
  readonly isCompared: boolean
  /** The figure that this one is a share of; undefined where the share is left out. */
  readonly whole: bigint | undefined
}

/** The cells below `MeasureHeads`. */
export function MeasureCells({ by, now, before, isCompared, whole }: MeasureCellsProps) {
  const size = measureOf(now, by)
  return (
    <>
      <td class="number">
        <Figure n={size} />
      </td>
      {isCompared ? (
        <td class="number changes">
          <Change now={now} before={before} />
        </td>
      ) : null}
      <td class="number part">{whole === undefined ? null : share(size, whole)}</td>
    </>
  )
}
