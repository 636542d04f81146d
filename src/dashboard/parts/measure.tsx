import type { Measure } from '../data/view.ts'

/** What a measure is called above its figures. */
export function wordsOf(by: Measure): string {
  return by === 'sum' ? 'Sum' : 'Increments'
}

/** The heads of a table's last two columns of figures: the measure, and what part of all it is. */
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
