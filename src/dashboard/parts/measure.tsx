import type { Measure } from '../data/view.ts'

/** The heading of a measure's figures. */
export function wordsOf(by: Measure): string {
  return by === 'sum' ? 'Sum' : 'Increments'
}

/** The heads of a table's last two columns: the measure, and its share of the whole. */
export function MeasureHeads({ by }: { readonly by: Measure }) {
  return (
    <>
      <th scope="col" class="number">
        {wordsOf(by)}
      </th>
      <th scope="col" class="number part">
        Share
      </th>
    </>
  )
}
