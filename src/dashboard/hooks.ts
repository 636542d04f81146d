import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { type Failure, failureFrom } from './api.ts'

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

/**
 * Calls `work` every so often while the page is looked at, and at once when it is looked at again; never twice at a
 * time. A page in the background asks nothing.
 */
export function useEvery(ms: number, work: () => Promise<void>, isOn = true): void {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => {
    if (!isOn) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const turn = async () => {
      clearTimeout(timer)
      if (isOver || document.hidden) return
      await latest.current()
      clearTimeout(timer)
      if (!isOver) timer = setTimeout(turn, ms)
    }
    const onVisible = () => void turn()
    timer = setTimeout(turn, ms)
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      isOver = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [ms, isOn])
}
