import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { SessionAnswer } from '../../edge/http/session-answer.ts'
import type { StatusAnswer } from '../../edge/operate/status.ts'
import { type Attention, attentionOf } from './answers.ts'
import { ask, failureFrom, type ReadFailure, sentSoFar } from './api.ts'
import { onceSeen, paced } from './live/paced.ts'
import { presenceOf } from './live/presence.ts'

/** After this long a person wonders whether anything happens, so the page says that it is waiting. */
const SLOW_MS = 1_500

/** A question to the server, and what is known of its answer. */
export type AskState<T> = {
  /** The last answer. While a new question is under way this is the answer to the one before. */
  readonly value: T | undefined
  readonly failure: ReadFailure | undefined
  readonly isLoading: boolean
  readonly isSlow: boolean
  readonly again: () => void
}

type State<T> = Omit<AskState<T>, 'again'>

/** Asks whenever `name` changes and when `again()` is called. An answer that arrives after the next question is dropped. */
export function useAnswer<T>(name: string, question: (signal: AbortSignal) => Promise<T>): AskState<T> {
  const [state, setState] = useState<State<T>>({
    value: undefined,
    failure: undefined,
    isLoading: true,
    isSlow: false,
  })
  const latest = useRef(question)
  latest.current = question
  const [turn, setTurn] = useState(0)
  // `name` identifies the question; `turn` rises to ask it again.
  useEffect(() => {
    const abort = new AbortController()
    setState((before) => ({ ...before, isLoading: true, isSlow: false }))
    const slow = setTimeout(() => setState((before) => ({ ...before, isSlow: true })), SLOW_MS)
    void latest
      .current(abort.signal)
      .then((value) => ({ value, failure: undefined }))
      .catch((error: unknown) => ({ failure: failureFrom(error) }))
      .then((answer) => {
        clearTimeout(slow)
        if (abort.signal.aborted) return
        setState((before) => ({ ...before, ...answer, isLoading: false, isSlow: false }))
      })
    return () => {
      clearTimeout(slow)
      abort.abort()
    }
  }, [name, turn])
  const again = useCallback(() => setTurn((before) => before + 1), [])
  return { ...state, again }
}

/** A clock that does not go back, in milliseconds. */
export const nowMs = () => performance.now()

/** Whether somebody is at this page. */
export const presence = presenceOf(document, nowMs)

/** When a count last changed. Counts of something else are not compared, as those of the next hours when the hour turns. */
export function useMovedAt(of: string, count: number): { readonly current: number } {
  const movedAtMs = useRef(nowMs())
  const before = useRef({ of, count })
  useEffect(() => {
    if (before.current.of === of && before.current.count !== count) movedAtMs.current = nowMs()
    before.current = { of, count }
  }, [of, count])
  return movedAtMs
}

/** Runs `paced` while the component is mounted and `isOn`, with the `work` of its latest render. */
export function usePaced(work: () => Promise<void>, movedAtMs: { readonly current: number }, isOn = true) {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => {
    if (!isOn) return
    const own = { presence, nowMs, sent: sentSoFar, movedAtMs: () => movedAtMs.current }
    return paced(() => latest.current(), own)
  }, [isOn, movedAtMs])
}

/** How often a page asks whether a person is needed, in milliseconds. It is rare: alerts tell sooner, and so does the Health view. */
const ATTENTION_EVERY_MS = 300_000

/** Whether a person is needed; never for a token that may not ask. Only shards are asked, never Postgres. */
export function useAttention(session: SessionAnswer): readonly [Attention, (attention: Attention) => void] {
  const [attention, setAttention] = useState<Attention>({ parked: 0, notices: 0 })
  const [turn, setTurn] = useState(0)
  const mayAsk = session.prefix === null && session.scopes.includes('read')
  useEffect(() => {
    if (!mayAsk) return
    // When nothing is known, what was known stays. The views say it when nobody answers.
    void ask<StatusAnswer>('/status').then(
      (status) => setAttention(attentionOf(status)),
      () => undefined,
    )
    return onceSeen(ATTENTION_EVERY_MS, () => setTurn((before) => before + 1), document)
  }, [mayAsk, turn])
  return [attention, setAttention]
}
