import { useEffect, useRef, useState } from 'preact/hooks'
import { HOUR_MS } from '../model/hour.ts'
import type { Counter } from './answers.ts'
import { ask, countersPath, failureFrom } from './api.ts'
import { useEvery } from './hooks.ts'
import { type Series, withHeld } from './series.ts'
import type { Shown } from './view.ts'

/** How often the shards are asked for what they hold. They are asked alone: no database is kept awake. */
export const LIVE_MS = 2_000

/** How long a page waits at least before it reads Postgres again, however often flushes come. */
const REREAD_MS_MIN = 5_000

export type Live = {
  readonly series: readonly Series[]
  /** Whether the last attempt was answered. */
  readonly isConnected: boolean
}

/**
 * Follows what moves in some series: asks the shards what they hold of them, and once a flush has come, Postgres again
 * by `reread`; it is awake then. Past the end of the hours that were asked for, it reads anew too.
 *
 * @param isOn only a period that goes up to now moves.
 */
export function useLive(initial: readonly Series[] | undefined, isOn: boolean, reread: () => void): Live {
  const [live, setLive] = useState<Live>({ series: initial ?? [], isConnected: true })
  const readAtMs = useRef(0)
  useEffect(() => {
    readAtMs.current = performance.now()
    setLive({ series: initial ?? [], isConnected: true })
  }, [initial])
  const series = live.series.length > 0 ? live.series : (initial ?? [])
  useEvery(
    LIVE_MS,
    async () => {
      try {
        const moved = await movedOf(series)
        if (moved !== undefined) setLive({ series: moved, isConnected: true })
        else if (performance.now() - readAtMs.current >= REREAD_MS_MIN) reread()
      } catch (error) {
        // The next turn asks again; what is shown stays, and says that it is not live.
        setLive((before) => ({ ...before, isConnected: false }))
        // What will not pass, such as a session that is over, is for the view to say.
        if (failureFrom(error).kind !== 'away') reread()
      }
    },
    isOn && series.length > 0,
  )
  return { series: initial === undefined ? [] : series, isConnected: live.isConnected }
}

/** The series as they are now; undefined when Postgres must be read for them. */
async function movedOf(series: readonly Series[]): Promise<Series[] | undefined> {
  const [first] = series
  if (first === undefined || first.freshFrom === null || isPast(first)) return undefined
  const held = await askHeld(series)
  const moved = series.map((own, i) => {
    const answer = held[i]
    return answer === undefined ? undefined : withHeld(own, answer)
  })
  return moved.every((own) => own !== undefined) ? moved : undefined
}

/** The server's hours have gone on: by its clock, which this one may be behind by some seconds. */
function isPast({ to }: Series): boolean {
  return Date.now() > Date.parse(to) && Date.now() - Date.parse(to) < HOUR_MS * 24
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
