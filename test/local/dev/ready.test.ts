import { expect, test } from 'vitest'
import { type AskWorker, untilReady } from '../../../src/local/dev/ready.ts'

const NEVER = new AbortController().signal

const SILENT = { isReady: false, takesToken: false, isFinal: false, said: 'no answer\n<html>' }
const READY = { ...SILENT, isReady: true }

/** Waits for a Worker that answers at a time, and on a machine where to ask takes some seconds. */
async function wait(answer: (nowMs: number) => typeof SILENT, withinMs: number) {
  let nowMs = 0
  const [said, patience]: [string[], number[]] = [[], []]
  const ask: AskWorker = async (answerMsMax) => {
    patience.push(answerMsMax)
    nowMs += 4_900
    return answer(nowMs)
  }
  const clock = {
    now: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms
    },
  }
  const outcome = await untilReady(ask, { withinMs, clock, say: (line) => said.push(line) }, NEVER).catch(
    (error: Error) => error.message,
  )
  return { outcome, said, patience, nowMs }
}

test('a Worker that answers after minutes is waited for, and whoever watches hears of it every 10 s', async () => {
  const { outcome, said } = await wait((nowMs) => (nowMs > 120_000 ? READY : SILENT), 600_000)
  expect(outcome).toBe(false)
  expect(said).toEqual(
    Array.from(
      { length: 11 },
      (_, i) => `Still waiting for the Worker, ${10 * (i + 1)} s so far. Its last answer: no answer`,
    ),
  )
})

test('a Worker that answers soon is not said to be late', async () => {
  expect((await wait(() => READY, 600_000)).said).toEqual([])
})

test('one answer may take ever longer, because a busy machine may need more than 5 s for each', async () => {
  const { patience } = await wait((nowMs) => (nowMs > 60_000 ? READY : SILENT), 600_000)
  expect(patience.slice(0, 3)).toEqual([5_000, 5_000, 5_000])
  expect(patience.at(-1)).toBeGreaterThan(25_000)
})

test('a Worker that does not answer in time is given up with its last words', async () => {
  const { outcome, nowMs } = await wait(() => SILENT, 60_000)
  expect(outcome).toBe('The Worker did not answer within 60 s. Its last answer: no answer\n<html>')
  expect(nowMs).toBeLessThan(70_000)
})

test('a Worker that refuses its configuration is not waited for', async () => {
  const { outcome } = await wait(() => ({ ...SILENT, isFinal: true, said: 'Correct METERS.' }), 600_000)
  expect(outcome).toBe('The Worker cannot start. Correct METERS.')
})
