import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { SessionAnswer } from '../../edge/http/session-answer.ts'
import type { StatusAnswer } from '../../edge/operate/status.ts'
import { type Attention, attentionOf } from './answers.ts'
import { ask, type Failure, failureFrom } from './api.ts'
import { every } from './every.ts'

/** After this long a person wonders whether anything happens, so the page says that it is waiting. */
const SLOW_MS = 1_500

/** A question to the server, and what is known of its answer. */
export type AskState<T> = {
  /** The last answer. While a new question is under way this is the answer to the one before. */
  readonly value: T | undefined
  readonly failure: Failure | undefined
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

/** Runs `every` while the component is mounted, with the `work` of its latest render. */
export function useEvery(ms: number, work: () => Promise<void>, isOn = true): void {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => (isOn ? every(ms, () => latest.current(), document) : undefined), [ms, isOn])
}

/** How often a page asks whether a person is needed, in milliseconds. It is rare, and the Health view asks more often. */
const ATTENTION_EVERY_MS = 60_000

/** Whether a person is needed; never for a token that may not ask. Only shards are asked, never Postgres. */
export function useAttention(session: SessionAnswer): readonly [Attention, (attention: Attention) => void] {
  const [attention, setAttention] = useState<Attention>({ parked: 0, notices: 0 })
  const mayAsk = session.prefix === null && session.scopes.includes('read')
  const look = async () => {
    try {
      setAttention(attentionOf(await ask<StatusAnswer>('/status')))
    } catch {
      // Nothing is known, so what was known stays. The views say it when nobody answers.
    }
  }
  useEffect(() => {
    if (mayAsk) void look()
  }, [mayAsk])
  useEvery(ATTENTION_EVERY_MS, look, mayAsk)
  return [attention, setAttention]
}
