import { useMemo } from 'preact/hooks'
import type { Unit } from '../../model/time/calendar.ts'
import { usePage } from '../data/context.ts'
import { hasBefore, QUICK_RANGES } from '../data/period.ts'
import { ownZone, zoneNames } from '../data/time.ts'
import { changed, type Measure } from '../data/view.ts'
import { Dates } from './dates.tsx'
import { beforeWords, RANGE_WORDS } from './period-words.ts'

export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  hour: 'Hours',
  day: 'Days',
  week: 'Weeks',
  month: 'Months',
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
        choices={QUICK_RANGES.map((value) => ({
          value,
          short: RANGE_WORDS[value].short,
          long: RANGE_WORDS[value].long,
        }))}
        chosen={QUICK_RANGES.find((range) => period.kind === 'named' && range === period.range)}
        choose={(range) => go(changed(view, { period: { kind: 'named', range } }))}
      />
      <Dates />
    </>
  )
}

/** Shows the time before beside the period, or not. */
export function CompareChoice() {
  const { view, go } = usePage()
  if (!hasBefore(view.period)) return null
  return (
    <button
      type="button"
      class="toggle"
      aria-pressed={view.isCompared}
      title={`Compare with ${beforeWords(view.period)}`}
      onClick={() => go({ ...view, isCompared: !view.isCompared })}
    >
      Before
    </button>
  )
}

export function MeasureChoice() {
  const { view, go } = usePage()
  const choices: readonly Choice<Measure>[] = [
    { value: 'sum', short: 'Sum', long: 'Sum of values' },
    { value: 'count', short: 'Count', long: 'Number of increments' },
  ]
  return (
    <Choices label="Measure" choices={choices} chosen={view.by} choose={(by) => go(changed(view, { by }))} />
  )
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
        onChange={({ currentTarget }) => go(changed(view, { tz: currentTarget.value || null }))}
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
