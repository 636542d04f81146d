import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { formatCount, showProgress } from '../../src/local/progress.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CLEAR = '\r\u001b[2K'

function stream(terminal: { isTTY?: boolean; columns?: number }) {
  const written: string[] = []
  return { ...terminal, written, write: (text: string) => written.push(text) }
}

test('on a terminal the line is drawn again in its place, never wider than the terminal, and goes at the end', () => {
  const screen = stream({ isTTY: true, columns: 6 })
  let line = 'one'
  using progress = showProgress(() => line, screen)
  vi.advanceTimersByTime(100)
  line = '1234567'
  vi.advanceTimersByTime(100)
  expect(screen.written).toEqual([`${CLEAR}one`, `${CLEAR}12345`])
  progress[Symbol.dispose]()
  expect(screen.written.at(-1)).toBe(CLEAR)
  vi.advanceTimersByTime(10_000)
  expect(screen.written).toHaveLength(3)
})

test('what is said meanwhile stays above the line', () => {
  const screen = stream({ isTTY: true, columns: 80 })
  using progress = showProgress(() => 'the line', screen)
  progress.say('line 7 was refused')
  expect(screen.written).toEqual([`${CLEAR}line 7 was refused\n`, `${CLEAR}the line`])
})

test('without a terminal there is a line of its own every five seconds, and no control characters', () => {
  const log = stream({})
  let done = 0
  using progress = showProgress(() => `${++done} done`, log)
  vi.advanceTimersByTime(4_999)
  expect(log.written).toEqual([])
  vi.advanceTimersByTime(5_001)
  progress.say('interrupted')
  expect(log.written).toEqual(['1 done\n', '2 done\n', 'interrupted\n'])
  progress[Symbol.dispose]()
  vi.advanceTimersByTime(10_000)
  expect(log.written).toHaveLength(3)
})

test('figures are written alike on every machine', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
})
