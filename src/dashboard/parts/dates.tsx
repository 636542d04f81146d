import { useEffect, useRef } from 'preact/hooks'
import { usePage } from '../data/context.ts'
import { daysOf, isDay, type Period, PRESETS, type Preset } from '../data/period.ts'
import { periodWords } from './period-words.ts'

/** A choice of whole days: some that people often want, or two dates, of which the last is included. */
export function Dates() {
  const { view, go, zone } = usePage()
  const { period } = view
  const place = useRef<HTMLDetailsElement>(null)
  const isChosen = period.kind === 'days'
  useClosing(place)
  const show = (days: Period) => {
    close(place.current)
    go({ ...view, period: days })
  }
  const choose = (preset: Preset) => show(daysOf(preset, zone, Date.now()))
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const [from, to] = ['from', 'to'].map((name) => String(new FormData(form).get(name)))
    if (from === undefined || to === undefined || !isDay(from) || !isDay(to)) return
    const [first = from, last = to] = [from, to].toSorted()
    show({ kind: 'days', from: first, to: last })
  }
  return (
    <details class="days" ref={place}>
      <summary class={isChosen ? 'is-chosen' : ''}>{isChosen ? periodWords(period) : 'Dates'}</summary>
      <form onSubmit={onSubmit}>
        <div class="presets">
          {PRESETS.map((preset) => (
            <button key={preset} type="button" onClick={() => choose(preset)}>
              {`${preset.slice(0, 1).toUpperCase()}${preset.slice(1)}`}
            </button>
          ))}
        </div>
        <label>
          From
          <input type="date" name="from" required value={isChosen ? period.from : ''} />
        </label>
        <label>
          To, included
          <input type="date" name="to" required value={isChosen ? period.to : ''} />
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
