import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Counter } from './answers.ts'
import { ask, countersPath, failureFrom } from './api.ts'
import { type Asked, useEvery } from './hooks.ts'
import { isPast, mayReread } from './reread.ts'
import { type Series, withHeld } from './series.ts'
import type { Shown } from './view.ts'

/** How often the shards are asked for what they hold. They are asked alone: no database is kept awake. */
export const LIVE_MS = 2_000

export type Live = {
  readonly series: readonly Series[]
  /** Whether the last attempt was answered. */
  readonly isConnected: boolean
}

/** The question that Postgres was asked, which may be under way again. */
type Reading = Pick<Asked<unknown>, 'isLoading' | 'failure' | 'again'>

/**
 * Follows what moves in some series: asks the shards what they hold of them, and once a flush has come, Postgres again;
 * it is awake then. Past the end of the hours that were asked for, it reads anew too.
 *
 * @param isOn only a period that goes up to now moves.
 */
export function useLive(initial: readonly Series[] | undefined, isOn: boolean, reading: Reading): Live {
  const [latest, setLatest] = useState({ of: initial, series: initial ?? [], isConnected: true })
  // What was found for another answer of Postgres's, however late it came, is not shown for this one.
  const { series, isConnected } =
    latest.of === initial ? latest : { series: initial ?? [], isConnected: true }
  const rereadIfMay = useReread(initial, reading)
  useEvery(
    LIVE_MS,
    async () => {
      try {
        const moved = await movedOf(series)
        setLatest({ of: initial, series: moved ?? series, isConnected: true })
        if (moved === undefined) rereadIfMay()
      } catch (error) {
        // The next turn asks again; what is shown stays, and says that it is not live.
        setLatest({ of: initial, series, isConnected: false })
        // What will not pass, such as a session that is over, is for the view to say.
        if (failureFrom(error).kind !== 'away') rereadIfMay()
      }
    },
    isOn && series.length > 0,
  )
  return { series, isConnected }
}

/** Asks Postgres again unless it is too early for that, as things stand when it is called. */
function useReread(initial: readonly Series[] | undefined, reading: Reading): () => void {
  const latest = useRef(reading)
  latest.current = reading
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

/** The series as they are now; undefined when Postgres must be read for them. */
async function movedOf(series: readonly Series[]): Promise<Series[] | undefined> {
  const [first] = series
  if (first === undefined || first.freshFrom === null || isPast(first.to, Date.now())) return undefined
  const held = await askHeld(series)
  const moved = series.map((own, i) => {
    const answer = held[i]
    return answer === undefined ? undefined : withHeld(own, answer)
  })
  return moved.every((own) => own !== undefined) ? moved : undefined
}

async function askHeld(series: readonly Series[]): Promise<Counter[]> {
  const [first] = series
  const from = first?.freshFrom ?? ''
  const range = { from: first !== undefined && first.from > from ? first.from : from, to: first?.to ?? '' }
  const keys = series.filter(({ shown }) => shown.kind === 'key').map(({ shown }) => shown.name)
  const [ofKeys, ofPrefixes] = await Promise.all([
    keys.length === 0 ? [] : readKeys(keys, { ...range, consistency: 'unsettled' }),
    Promise.all(
      series
        .filter(({ shown }) => shown.kind === 'prefix')
        .map(({ shown }) => readSeries(shown.name, { ...range, bucket: 'hour', consistency: 'unsettled' })),
    ),
  ])
  return inOrder(
    series.map(({ shown }) => shown),
    ofKeys,
    ofPrefixes,
  )
}

type Parameters = Readonly<Record<string, string>>

export async function readKeys(
  keys: readonly string[],
  parameters: Parameters,
  signal?: AbortSignal,
): Promise<readonly Counter[]> {
  if (keys.length === 0) return []
  const answer = await ask<Counter | { readonly items: readonly Counter[] }>(
    countersPath({ key: keys, ...parameters }),
    { signal: signal ?? null },
  )
  return 'items' in answer ? answer.items : [answer]
}

export function readSeries(prefix: string, parameters: Parameters, signal?: AbortSignal): Promise<Counter> {
  return ask<Counter>(countersPath({ prefix, ...parameters }), { signal: signal ?? null })
}

/** Answers of keys and of prefixes, each in their order, in the order of what is shown. */
export function inOrder<T>(shown: readonly Shown[], ofKeys: readonly T[], ofPrefixes: readonly T[]): T[] {
  const [keys, prefixes] = [[...ofKeys], [...ofPrefixes]]
  return shown.flatMap(({ kind }) => {
    const answer = kind === 'key' ? keys.shift() : prefixes.shift()
    return answer === undefined ? [] : [answer]
  })
}
