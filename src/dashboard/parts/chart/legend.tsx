import { useState } from 'preact/hooks'
import { usePage } from '../../data/context.ts'
import { useAnswer } from '../../data/hooks.ts'
import { readLargest } from '../../data/read.ts'
import { measureOf, type Series, totalOf } from '../../data/series.ts'
import { type Chart, hasShown, SHOWN_MAX, type Shown, withShown } from '../../data/view.ts'
import { visible } from '../../data/visible.ts'
import { Change } from '../change.tsx'
import { Figure } from '../figure.tsx'
import { ShownName, shownNameOf } from '../shown-name.tsx'

/** The charted keys and prefixes with their colours, and a field to add another. */
export function Legend({ view, series }: { readonly view: Chart; readonly series: readonly Series[] }) {
  const { go } = usePage()
  const { shown, by } = view
  const without = (gone: Shown) =>
    withShown(
      view,
      shown.filter((each) => each !== gone),
    )
  return (
    <div class="legend">
      {/* A single one is the heading already. */}
      <ul hidden={shown.length === 1}>
        {shown.map((each, i) => {
          const own = series.find((one) => hasShown([one.shown], each))
          return (
            <li key={`${each.kind} ${each.name}`}>
              <span class={`dot series-${i + 1}`} />
              <span class="name" title={shownNameOf(each)}>
                <ShownName shown={each} />
              </span>
              {own !== undefined && shown.length > 1 ? <Figure n={measureOf(totalOf(own), by)} /> : null}
              {own !== undefined && shown.length > 1 ? (
                <Change now={totalOf(own)} before={own.before?.total} />
              ) : null}
              <button
                type="button"
                class="remove"
                aria-label={`Remove ${shownNameOf(each)}`}
                onClick={() => go(without(each))}
              >
                ×
              </button>
            </li>
          )
        })}
      </ul>
      {shown.length < SHOWN_MAX ? <Add view={view} /> : <span class="hint">{SHOWN_MAX} at most</span>}
    </div>
  )
}

/** A field for a key, or for a prefix that ends with a slash. Keys in Postgres are suggested. */
function Add({ view }: { readonly view: Chart }) {
  const { zone, go } = usePage()
  const [text, setText] = useState('')
  const { period, by } = view
  const found = useAnswer(JSON.stringify([text, period, by]), async (signal) => {
    await new Promise((resolve) => setTimeout(resolve, 250))
    signal.throwIfAborted()
    return text === '' ? [] : (await readLargest({ prefix: text, period, zone, by, limit: 8 }, signal)).items
  })
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    if (text === '') return
    const added: Shown = { kind: text.endsWith('/') ? 'prefix' : 'key', name: text }
    setText('')
    if (!hasShown(view.shown, added)) go(withShown(view, [...view.shown, added]))
  }
  return (
    <form class="add" onSubmit={onSubmit}>
      <input
        type="text"
        list="known-keys"
        value={text}
        maxLength={512}
        placeholder="Compare with a key or prefix/"
        aria-label="Compare with a key, or a prefix that ends with a slash"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <datalist id="known-keys">
        {(found.value ?? []).map(({ key }) => (
          <option key={key} value={key} label={visible(key)} />
        ))}
      </datalist>
      <button type="submit" class="quiet">
        Add
      </button>
    </form>
  )
}
