import { useState } from 'preact/hooks'
import { usePage } from '../data/context.ts'
import { shapeOf } from '../data/drawn.ts'
import { fraction } from '../data/numbers.ts'
import { measureOf, type Series, totalOf } from '../data/series.ts'
import { chartOf, SHOWN_MAX, type View } from '../data/view.ts'
import { visible } from '../data/visible.ts'
import { KeyName } from './key-name.tsx'
import { Link } from './link.tsx'
import { MeasureCells, MeasureHeads } from './measure.tsx'
import { Spark } from './spark.tsx'

type RankingProps = { readonly keys: readonly Series[]; readonly whole: Series; readonly view: View }

/** A table of keys, the largest first, live. Up to five can be chosen to be compared. */
export function Ranking({ keys, whole, view }: RankingProps) {
  const { go } = usePage()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const by = view.by
  const isCompared = keys.some(({ before }) => before !== null)
  const total = (own: Series) => measureOf(totalOf(own), by)
  const sorted = keys.toSorted((a, b) => (total(a) < total(b) ? 1 : total(a) > total(b) ? -1 : 0))
  const most = sorted[0] === undefined ? 0n : total(sorted[0])
  const all = total(whole)
  const choose = (key: string, isChosen: boolean) =>
    setChosen(isChosen ? [...chosen, key].slice(0, SHOWN_MAX) : chosen.filter((each) => each !== key))
  return (
    <section class="card" aria-label="Busiest keys">
      <table class="ranking">
        <thead>
          <tr>
            <th scope="col" class="pick">
              <span class="unseen">Compare</span>
            </th>
            <th scope="col">Key</th>
            <th scope="col" class="shape">
              <span class="unseen">Course</span>
            </th>
            <MeasureHeads by={by} isCompared={isCompared} />
          </tr>
        </thead>
        <tbody>
          {sorted.map((own) => {
            const { name } = own.shown
            return (
              <tr key={name}>
                <td class="pick">
                  <input
                    type="checkbox"
                    aria-label={`Compare ${visible(name)}`}
                    checked={chosen.includes(name)}
                    disabled={!chosen.includes(name) && chosen.length >= SHOWN_MAX}
                    onChange={({ currentTarget }) => choose(name, currentTarget.checked)}
                  />
                </td>
                <th scope="row">
                  <meter
                    class="share"
                    min={0}
                    max={1}
                    value={fraction(total(own), most)}
                    aria-hidden="true"
                  />
                  <Link to={chartOf(view, own.shown)} title={visible(name)}>
                    <KeyName name={name} />
                  </Link>
                </th>
                <td class="shape">
                  <Spark values={shapeOf(own, by, Date.now())} />
                </td>
                <MeasureCells
                  by={by}
                  now={totalOf(own)}
                  before={own.before?.total}
                  isCompared={isCompared}
                  whole={all}
                />
              </tr>
            )
          })}
        </tbody>
      </table>
      {chosen.length > 0 ? (
        <div class="compare" role="status">
          <button
            type="button"
            class="main"
            onClick={() => go(chartOf(view, ...chosen.map((name) => ({ kind: 'key', name }) as const)))}
          >
            {chosen.length === 1 ? 'Chart 1 key' : `Compare ${chosen.length} keys`}
          </button>
          <button type="button" class="quiet" onClick={() => setChosen([])}>
            Clear
          </button>
        </div>
      ) : null}
    </section>
  )
}
