import { useMemo } from 'preact/hooks'
import type { Unit } from '../../model/time/calendar.ts'
import { usePage } from '../data/context.ts'
import { isDay, type Period, RANGES, type Range } from '../data/period.ts'
import { ownZone, zoneNames } from '../data/time.ts'
import type { Measure } from '../data/view.ts'

const WORDS: Readonly<Record<Range, readonly [short: string, long: string]>> = {
  '24h': ['24 h', 'Last 24 hours'],
  '7d': ['7 d', 'Last 7 days'],
  '30d': ['30 d', 'Last 30 days'],
  '12mo': ['12 mo', 'Last 12 months'],
}

export function periodWords(period: Period): string {
  return period.kind === 'last' ? WORDS[period.range][1].toLowerCase() : `${period.from} to ${period.to}`
}

export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  hour: 'Hours',
  day: 'Days',
  week: 'Weeks',
  month: 'Months',
}

/** A period, as part of a sentence. */
export function inPeriod(period: Period): string {
  return period.kind === 'last' ? `in the ${periodWords(period)}` : `from ${periodWords(period)}`
}

type Choice<T> = { readonly value: T; readonly short: string; readonly long?: string }

type ChoicesProps<T> = {
  readonly label: string
  readonly choices: readonly Choice<T>[]
  readonly chosen: T | undefined
  readonly choose: (value: T) => void
}

/** A few choices in a row, of which one is chosen. */
export function Choices<T extends string>({ label, choices, chosen, choose }: ChoicesProps<T>) {
  return (
    <fieldset class="choices">
      <legend class="unseen">{label}</legend>
      {choices.map(({ value, short, long }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === chosen}
          title={long}
          onClick={() => choose(value)}
        >
          {short}
        </button>
      ))}
    </fieldset>
  )
}

export function PeriodChoice() {
  const { view, go } = usePage()
  const { period } = view
  return (
    <>
      <Choices
        label="Period"
        choices={RANGES.map((value) => ({ value, short: WORDS[value][0], long: WORDS[value][1] }))}
        chosen={period.kind === 'last' ? period.range : undefined}
        choose={(range) => go({ ...view, period: { kind: 'last', range } })}
      />
      <DaysChoice />
    </>
  )
}

/** Two date fields for whole days; the last day is included. */
function DaysChoice() {
  const { view, go } = usePage()
  const { period } = view
  const isChosen = period.kind === 'days'
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const [from, to] = ['from', 'to'].map((name) => String(new FormData(form).get(name)))
    if (from === undefined || to === undefined || !isDay(from) || !isDay(to)) return
    form.closest('details')?.removeAttribute('open')
    const [first = from, last = to] = [from, to].toSorted()
    go({ ...view, period: { kind: 'days', from: first, to: last } })
  }
  return (
    <details class="days">
      <summary class={isChosen ? 'is-chosen' : ''}>{isChosen ? periodWords(period) : 'Dates'}</summary>
      <form onSubmit={onSubmit}>
        <label>
          From
          <input type="date" name="from" required value={isChosen ? period.from : ''} />
        </label>
        <label>
          To, included
          <input type="date" name="to" required value={isChosen ? period.to : ''} />
        </label>
        <button type="submit">Show</button>
      </form>
    </details>
  )
}

export function MeasureChoice() {
  const { view, go } = usePage()
  const choices: readonly Choice<Measure>[] = [
    { value: 'sum', short: 'Sum', long: 'Sum of values' },
    { value: 'count', short: 'Count', long: 'Number of increments' },
  ]
  return <Choices label="Measure" choices={choices} chosen={view.by} choose={(by) => go({ ...view, by })} />
}

export function ZoneChoice() {
  const { view, go, zone } = usePage()
  const own = ownZone()
  // An address may use another name of a zone. For an unknown name UTC is shown.
  const chosen = view.tz === null ? '' : zone.name
  const names = useMemo(() => [...new Set([...zoneNames(), chosen || 'UTC'])].toSorted(), [chosen])
  return (
    <label class="zone">
      <span class="unseen">Time zone</span>
      <select
        value={chosen}
        onChange={({ currentTarget }) => go({ ...view, tz: currentTarget.value || null })}
      >
        <option value="">{own} (yours)</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
