import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Failure, failureFrom } from './api.ts'
import { every } from './every.ts'

/** From then on a person wonders whether anything happens. */
const SLOW_MS = 1_500

/** Something that was asked for, and what there is of it. */
export type Asked<T> = {
  /** Of the last answer, which may be that of another question while this one is under way. */
  readonly value: T | undefined
  readonly failure: Failure | undefined
  readonly isLoading: boolean
  readonly isSlow: boolean
  readonly again: () => void
}

type State<T> = Omit<Asked<T>, 'again'>

/** Asks whenever `name` changes, and `again()`; an answer that comes after the next question is thrown away. */
export function useAsked<T>(name: string, question: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, setState] = useState<State<T>>({
    value: undefined,
    failure: undefined,
    isLoading: true,
    isSlow: false,
  })
  const latest = useRef(question)
  latest.current = question
  const [turn, setTurn] = useState(0)
  // `name` stands for the question, and `turn` for asking it again.
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

/** `every`, for as long as the component is there; always the `work` of the last time that it was drawn. */
export function useEvery(ms: number, work: () => Promise<void>, isOn = true): void {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => (isOn ? every(ms, () => latest.current(), document) : undefined), [ms, isOn])
}
