import type { Measure } from '../data/view.ts'

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
