import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Counter } from './answers.ts'
import { failureFrom } from './api.ts'
import { type AskState, useEvery } from './hooks.ts'
import { readAnswers } from './read.ts'
import { isPast, mayReread } from './reread.ts'
import { type Series, withHeld } from './series.ts'

/** How often the shards are asked for what they hold, in milliseconds. Postgres is not asked, so it may sleep. */
export const LIVE_MS = 2_000

export type Live = {
  readonly series: readonly Series[]
  /** Whether the last request was answered. */
  readonly isConnected: boolean
}

/** How the last question to Postgres stands; it may be under way again. */
type LastRead = Pick<AskState<unknown>, 'isLoading' | 'failure' | 'again'>

/**
 * Keeps series up to date: asks the shards every few seconds what they hold, and asks Postgres again once a flush has
 * landed, because it is awake then, or once the clock has passed the end of the range.
 *
 * @param isOn whether the period goes up to now. Other periods do not move.
 */
export function useLive(initial: readonly Series[] | undefined, isOn: boolean, lastRead: LastRead): Live {
  const [latest, setLatest] = useState({ of: initial, series: initial ?? [], isConnected: true })
  // An answer of the shards belongs to the answer of Postgres that it was asked for, and fits no later one.
  const { series, isConnected } =
    latest.of === initial ? latest : { series: initial ?? [], isConnected: true }
  const rereadIfMay = useReread(initial, lastRead)
  useEvery(
    LIVE_MS,
    async () => {
      try {
        const moved = await movedOf(series)
        setLatest({ of: initial, series: moved ?? series, isConnected: true })
        if (moved === undefined) rereadIfMay()
      } catch (error) {
        // The next turn asks again. The figures stay, marked as not live.
        setLatest({ of: initial, series, isConnected: false })
        // A failure that will not pass, such as a session that is over, is shown by the view, which reads again.
        if (failureFrom(error).kind !== 'away') rereadIfMay()
      }
    },
    isOn && series.length > 0,
  )
  return { series, isConnected }
}

/** Asks Postgres again, unless it is too early when this is called. */
function useReread(initial: readonly Series[] | undefined, lastRead: LastRead): () => void {
  const latest = useRef(lastRead)
  latest.current = lastRead
  const readAtMs = useRef(0)
  useEffect(() => {
    readAtMs.current = performance.now()
  }, [initial])
  return useCallback(() => {
    const { isLoading, failure, again } = latest.current
    const nowMs = performance.now()
    if (!mayReread({ isLoading, hasFailed: failure !== undefined, ageMs: nowMs - readAtMs.current })) return
    readAtMs.current = nowMs
    again()
  }, [])
}

/** The series with what the shards hold now; undefined when Postgres must be read again first. */
async function movedOf(series: readonly Series[]): Promise<Series[] | undefined> {
  const [first] = series
  if (first === undefined || first.freshFrom === null || isPast(first.to, Date.now())) return undefined
  const held = await askHeld(series, first)
  const moved = series.map((own, i) => {
    const answer = held[i]
    return answer === undefined ? undefined : withHeld(own, answer)
  })
  return moved.every((own) => own !== undefined) ? moved : undefined
}

/** Asks the shards what they hold of these series, which have one range and one filter. Answers come in the order of the series. */
function askHeld(
  series: readonly Series[],
  { from, to, freshFrom, where }: Series,
): Promise<readonly Counter[]> {
  const shown = series.map((own) => own.shown)
  const fresh = freshFrom !== null && freshFrom > from ? freshFrom : from
  return readAnswers(shown, { from: fresh, to, bucket: 'hour', consistency: 'unsettled', where })
}
