import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { failureFrom } from '../api.ts'
import { type AskState, nowMs, presence, useMovedAt, usePaced } from '../hooks.ts'
import { type Series, totalOf } from '../series.ts'
import { movedOf } from './moved.ts'
import { mayReread, mayWake } from './reread.ts'

export type Live = {
  readonly series: readonly Series[]
  /** Whether the last request was answered. */
  readonly isConnected: boolean
  /** Whether the hours of the series have passed, and Postgres is left asleep because nothing moves and nobody is there. */
  readonly isResting: boolean
}

type Latest = Live & {
  readonly of: readonly Series[] | undefined
  /** Whether the shards were asked for each of the series since Postgres was. */
  readonly isChecked: boolean
}

/** How the last question to Postgres stands; it may be under way again. */
type LastRead = Pick<AskState<unknown>, 'isLoading' | 'failure' | 'again'>

/**
 * Keeps series up to date: asks the shards, as often as is worth it, what they hold, and asks Postgres again once a flush
 * has landed, because it is awake then, or once the clock has passed the end of the range.
 *
 * @param isOn whether the period goes up to now. Other periods do not move.
 */
export function useLive(initial: readonly Series[] | undefined, isOn: boolean, lastRead: LastRead): Live {
  const read: Latest = {
    of: initial,
    series: initial ?? [],
    isConnected: true,
    isResting: false,
    isChecked: false,
  }
  const [latest, setLatest] = useState(read)
  // An answer of the shards belongs to the answer of Postgres that it was asked for, and fits no later one.
  const now = latest.of === initial ? latest : read
  const { series } = now
  const rereadIfMay = useReread(initial, lastRead)
  const count = series.reduce((sum, own) => sum + totalOf(own).count, 0)
  const movedAtMs = useMovedAt(`${series[0]?.from}/${series[0]?.to}`, count)
  const work = async () => {
    const quietMs = nowMs() - Math.max(movedAtMs.current, presence.touchedAtMs())
    try {
      const moved = await movedOf(series, {
        isChecked: now.isChecked,
        mayWake: mayWake(quietMs),
        nowMs: Date.now(),
      })
      setLatest({ ...now, ...moved, of: initial, isConnected: true, isChecked: moved !== undefined })
      if (moved === undefined) rereadIfMay()
    } catch (error) {
      // The next turn asks again. The figures stay, marked as not live.
      setLatest({ ...now, of: initial, isConnected: false })
      // A failure that will not pass, such as a session that is over, is shown by the view, which reads again.
      if (failureFrom(error).kind !== 'away') rereadIfMay()
    }
  }
  usePaced(work, movedAtMs, isOn && series.length > 0)
  return now
}

/** Asks Postgres again, unless it is too early when this is called. */
function useReread(initial: readonly Series[] | undefined, lastRead: LastRead): () => void {
  const latest = useRef(lastRead)
  latest.current = lastRead
  const readAtMs = useRef(0)
  useEffect(() => {
    readAtMs.current = nowMs()
  }, [initial])
  return useCallback(() => {
    const { isLoading, failure, again } = latest.current
    const ageMs = nowMs() - readAtMs.current
    if (!mayReread({ isLoading, hasFailed: failure !== undefined, ageMs })) return
    readAtMs.current = nowMs()
    again()
  }, [])
}
