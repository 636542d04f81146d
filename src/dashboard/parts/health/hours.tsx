import { useEffect, useState } from 'preact/hooks'
import type { Hour as HourAnswer } from '../../../client/answers.ts'
import { ask, failureFrom } from '../../data/api.ts'
import { usePage } from '../../data/context.ts'
import { grouped } from '../../data/numbers.ts'
import { momentWords } from '../../data/time.ts'
import { Scrolls } from '../scrolls.tsx'

const STATES: Readonly<Record<HourAnswer['state'], string>> = {
  open: 'takes increments until',
  closing: 'final from',
  final: 'never changes again, since',
}

/** A table of hours: open, closing or final. */
export function Hours({ hours }: { readonly hours: readonly HourAnswer[] }) {
  const { zone } = usePage()
  return (
    <Scrolls labelledBy="hours">
      <h2 id="hours">Hours</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Hour</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              On their way
            </th>
            <th scope="col" class="number">
              Parked
            </th>
          </tr>
        </thead>
        <tbody>
          {hours.map(({ hour, state, closesAt, finalFrom, pending, parked }) => (
            <tr key={hour}>
              <th scope="row">{hour}</th>
              <td class="whole-line">
                <span class={`tag is-${state}`}>{state}</span>{' '}
                <span class="hint">
                  {STATES[state]} {momentWords(Date.parse(state === 'open' ? closesAt : finalFrom), zone)}
                </span>
              </td>
              <td class="number">{grouped(pending)}</td>
              <td class="number">{grouped(parked)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <AskHour />
    </Scrolls>
  )
}

/** A field that asks about any one hour: may it be invoiced? */
function AskHour() {
  const { zone } = usePage()
  const [hour, setHour] = useState('')
  const [said, setSaid] = useState('')
  useEffect(() => setSaid(''), [hour])
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault()
    try {
      const { state, closesAt, finalFrom } = await ask<HourAnswer>(`/hours/${encodeURIComponent(hour)}`)
      setSaid(
        `${state}: ${STATES[state]} ${momentWords(Date.parse(state === 'open' ? closesAt : finalFrom), zone)}`,
      )
    } catch (error) {
      setSaid(failureFrom(error).detail)
    }
  }
  return (
    <form class="ask" onSubmit={(event) => void onSubmit(event)}>
      <label>
        Is it final?{' '}
        <input
          type="text"
          placeholder="2026-11-21T20Z"
          required
          value={hour}
          onInput={({ currentTarget }) => setHour(currentTarget.value)}
        />
      </label>
      <button type="submit" class="quiet">
        Ask
      </button>
      <span role="status" class="hint">
        {said}
      </span>
    </form>
  )
}
