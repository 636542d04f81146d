import type { LabelList } from '../../../client/answers.ts'
import { useOver, usePage } from '../../data/context.ts'
import { useAnswer } from '../../data/hooks.ts'
import { readLabels } from '../../data/read.ts'
import { type Chart, conditionsOf } from '../../data/view.ts'
import { visible } from '../../data/visible.ts'

/** Breaks a single key or prefix down by a label, and filters it. There is nothing to choose where nothing is labelled. */
export function LabelChoice({ view }: { readonly view: Chart }) {
  const { zone } = usePage()
  const { shown, period, label, where } = view
  const only = shown.length === 1 ? shown[0] : undefined
  const of = JSON.stringify(shown)
  const asked = useAnswer(JSON.stringify([of, period, zone.name]), async (signal) => ({
    of,
    labels: only === undefined ? [] : await readLabels({ shown: only, period, zone }, signal),
  }))
  useOver(asked.failure)
  // Labels of the key before would be offered while those of the next one are under way.
  const { value } = asked
  const labels = value !== undefined && value.of === of ? value.labels : []
  const isAway = asked.failure?.kind === 'away'
  if (labels.length === 0 && label === null && where.length === 0 && !isAway) return null
  return (
    <>
      <ByLabel view={view} labels={labels} />
      {labels.length === 0 ? null : <AddFilter view={view} labels={labels} />}
      <Filters view={view} />
      {isAway ? <span class="hint">Labels are not known: {asked.failure?.detail}</span> : null}
    </>
  )
}

type ListedLabels = LabelList['labels']

function ByLabel({ view, labels }: { readonly view: Chart; readonly labels: ListedLabels }) {
  const { go } = usePage()
  // The label of the address is offered too, in a period in which nothing has it.
  const names = new Set([...labels.map(({ name }) => name), ...(view.label === null ? [] : [view.label])])
  return (
    <label class="by-label">
      By label
      <select
        value={view.label ?? ''}
        onChange={({ currentTarget }) => go({ ...view, label: currentTarget.value || null })}
      >
        <option value="">none</option>
        {[...names].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Offers the largest values of each label. The rows of a breakdown filter by the others. */
function AddFilter({ view, labels }: { readonly view: Chart; readonly labels: ListedLabels }) {
  const { go } = usePage()
  const { where } = view
  return (
    <select
      aria-label="Add a filter"
      value=""
      onChange={({ currentTarget }) => go({ ...view, where: conditionsOf([...where, currentTarget.value]) })}
    >
      <option value="">Filter…</option>
      {labels.map(({ name, largest }) => (
        <optgroup key={name} label={name}>
          {[...largest.map(({ value }) => value), '']
            .filter((value) => !where.includes(`${name}:${value}`))
            .map((value) => (
              <option key={value} value={`${name}:${value}`}>
                {wordsOf(`${name}:${value}`)}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  )
}

/** Conditions on different labels must all hold; of those on one label, one. */
function Filters({ view }: { readonly view: Chart }) {
  const { go } = usePage()
  const { where } = view
  if (where.length === 0) return null
  const nameOf = (condition: string | undefined) => condition?.split(':', 1)[0]
  return (
    <ul class="filters" aria-label="Filters">
      {where.map((condition, i) => (
        <li key={condition}>
          <span class="name">
            {nameOf(condition) === nameOf(where[i - 1]) ? 'or ' : ''}
            <bdi>{wordsOf(condition)}</bdi>
          </span>
          <button
            type="button"
            class="remove"
            aria-label={`Remove the filter ${wordsOf(condition)}`}
            onClick={() => go({ ...view, where: where.filter((each) => each !== condition) })}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  )
}

/** `plan:pro` as `plan: pro`, and `plan:` as `no plan`. */
function wordsOf(condition: string): string {
  const end = condition.indexOf(':')
  const [name, value] = [condition.slice(0, end), condition.slice(end + 1)]
  return value === '' ? `no ${name}` : `${name}: ${visible(value)}`
}
