import type { StatusAnswer } from '../../../edge/operate/status.ts'
import { knownOf } from '../../data/answers.ts'
import { KeyName } from '../key-name.tsx'

/** Keys that have had more label sets in an hour than a shard takes. */
export function Overflowed({ status }: { readonly status: StatusAnswer }) {
  const keys = new Set(knownOf(status).flatMap(({ overflowed = [] }) => overflowed))
  if (keys.size === 0) return null
  return (
    <section class="card" aria-labelledby="overflowed">
      <h2 id="overflowed">Too many labels</h2>
      <p>
        These keys came with more sets of labels in an hour than are kept apart. Their sums are right, and
        further sets count together, as overflow. Give what has very many values, such as a customer, a key of
        its own.
      </p>
      <ul>
        {[...keys].toSorted().map((key) => (
          <li key={key}>
            <KeyName name={key} />
          </li>
        ))}
      </ul>
    </section>
  )
}
