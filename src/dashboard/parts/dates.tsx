import { useEffect, useRef } from 'preact/hooks'
import { usePage } from '../data/context.ts'
import { isDayText, type Period, PRESETS } from '../data/period.ts'
import { changed } from '../data/view.ts'
import { periodWords, RANGE_WORDS } from './period-words.ts'

/** A choice of whole days: some that people often want, or two dates, of which the last is included. */
export function Dates() {
  const { view, go } = usePage()
  const { period } = view
  const place = useRef<HTMLDetailsElement>(null)
  const preset = PRESETS.find((range) => period.kind === 'named' && range === period.range)
  const isChosen = period.kind === 'days' || preset !== undefined
  useClosing(place)
  const show = (shown: Period) => {
    close(place.current)
    go(changed(view, { period: shown }))
  }
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const [from, to] = ['from', 'to'].map((name) => String(new FormData(form).get(name)))
    if (from === undefined || to === undefined || !isDayText(from) || !isDayText(to)) return
    const [first = from, last = to] = [from, to].toSorted()
    show({ kind: 'days', from: first, to: last })
  }
  return (
    <details class="days" ref={place}>
      <summary class={isChosen ? 'is-chosen' : ''}>
        {preset !== undefined ? RANGE_WORDS[preset].long : isChosen ? periodWords(period) : 'Dates'}
      </summary>
      <form onSubmit={onSubmit}>
        <div class="presets">
          {PRESETS.map((range) => (
            <button
              key={range}
              type="button"
              aria-pressed={range === preset}
              onClick={() => show({ kind: 'named', range })}
            >
              {RANGE_WORDS[range].long}
            </button>
          ))}
        </div>
        <label>
          From
          <input type="date" name="from" required value={period.kind === 'days' ? period.from : ''} />
        </label>
        <label>
          To, included
          <input type="date" name="to" required value={period.kind === 'days' ? period.to : ''} />
        </label>
        <button type="submit" class="main">
          Show
        </button>
      </form>
    </details>
  )
}

/** Closes it on Escape, and when something else on the page is clicked or gets the focus. */
function useClosing(place: { readonly current: HTMLDetailsElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || place.current?.open !== true) return
      close(place.current)
      place.current.querySelector('summary')?.focus()
    }
    const onElsewhere = ({ target }: Event) => {
      if (target instanceof Node && place.current?.contains(target) === false) close(place.current)
    }
    document.addEventListener('keydown', onKey)
    document.addEventListener('pointerdown', onElsewhere)
    document.addEventListener('focusin', onElsewhere)
    return () => {
      document.removeEventListener('keydown', onKey)
      document.removeEventListener('pointerdown', onElsewhere)
      document.removeEventListener('focusin', onElsewhere)
    }
  }, [place])
}

function close(details: HTMLDetailsElement | null): void {
  if (details !== null) details.open = false
}
