import {
  type Breakdown,
  type BreakdownPart,
  colourOf,
  measureOf,
  type Series,
  totalOf,
} from '../../data/series.ts'
import { type Chart, conditionsOf } from '../../data/view.ts'
import { Link } from '../link.tsx'
import { MeasureCells, MeasureHeads } from '../measure.tsx'
import { ShownName, shownNameOf } from '../shown-name.tsx'

type PartsTableProps = { readonly whole: Series; readonly breakdown: Breakdown; readonly view: Chart }

/** The parts of a breakdown, and their total. Those that a filter can find are links to it. */
export function PartsTable({ whole, breakdown: { label, parts }, view }: PartsTableProps) {
  const isCompared = whole.before !== null
  const { by } = view
  const all = measureOf(totalOf(whole), by)
  const cellsOf = (own: Series<unknown>) => ({ by, isCompared, now: totalOf(own), before: own.before?.total })
  return (
    <section class="card" aria-label={`By ${label}`}>
      <table class="ranking parts">
        <thead>
          <tr>
            <th scope="col">{label}</th>
            <MeasureHeads by={by} isCompared={isCompared} />
          </tr>
        </thead>
        <tbody>
          {parts.map((own, i) => (
            <tr key={`${own.shown.kind} ${shownNameOf(own.shown)}`}>
              <th scope="row">
                <span class={`dot ${colourOf(own.shown, i)}`} />
                <PartName part={own.shown} label={label} view={view} />
              </th>
              <MeasureCells {...cellsOf(own)} whole={all} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <MeasureCells {...cellsOf(whole)} whole={undefined} />
          </tr>
        </tfoot>
      </table>
    </section>
  )
}

type PartNameProps = { readonly part: BreakdownPart; readonly label: string; readonly view: Chart }

function PartName({ part, label, view }: PartNameProps) {
  const name = <ShownName shown={part} />
  switch (part.kind) {
    case 'others':
      return <span class="hint">{name}</span>
    case 'overflow':
      return (
        <span
          class="hint"
          title="Came when its key had too many label sets in an hour, so its labels are not known"
        >
          {name}
        </span>
      )
    case 'group':
    case 'unlabelled': {
      const condition = `${label}:${part.kind === 'group' ? part.value : ''}`
      return (
        <Link to={{ ...view, where: conditionsOf([...view.where, condition]) }} title={shownNameOf(part)}>
          {name}
        </Link>
      )
    }
  }
}
