import { describe, expect, test } from 'vitest'
import type { Explained } from '../../../src/model/flush/batch.ts'
import type { Tried, Trouble } from '../../../src/model/flush/trouble.ts'
import { NO_COURSE } from '../../../src/model/flush/trouble.ts'
import { asideUntilMs, planTurn } from '../../../src/model/flush/turn.ts'

const BAD_CELL: Explained = { kind: 'cell_refused', reason: 'SQLSTATE 23514' }
const TIMEOUT: Explained = { kind: 'ambiguous', reason: 'no answer in time', isTimeout: true }
const wait = { fromMs: 1_000, untilMs: 3_000 }

const trouble = (over: Partial<Trouble> = {}): Trouble => ({
  why: BAD_CELL,
  since: 1,
  isKnown: true,
  alone: 0,
  aloneAt: 1,
  wait,
  ...over,
})

const batch = (seq: number, length: number, of: Trouble | null): Tried => ({
  seq,
  cells: { length },
  trouble: of,
})
const course = (throughs: number) => ({ ...NO_COURSE, throughs })
const plan = (frozen: readonly Tried[], throughs = 1, nowMs = 2_000) =>
  planTurn(frozen, course(throughs), nowMs)

describe('the next thing to do with what is frozen', () => {
  test('is to send the first batch, and nothing when there is none', () => {
    expect(plan([batch(1, 9, null)])).toEqual({ kind: 'send' })
    expect(plan([])).toEqual({ kind: 'rest' })
  })

  test('[P3] is to cut a batch that failed, without sending it again, once others get through', () => {
    expect(plan([batch(1, 9, trouble())], 2)).toMatchObject({ kind: 'move_on', recut: { kind: 'cut' } })
    expect(plan([batch(1, 9, trouble())], 1)).toEqual({ kind: 'send' })
    expect(plan([batch(1, 9, trouble({ isKnown: false }))], 2)).toEqual({ kind: 'send' })
  })

  test('[P3] is to let others pass a cell that failed by itself', () => {
    const frozen = [batch(1, 1, trouble({ alone: 1 })), batch(2, 9, null)]
    expect(plan(frozen)).toMatchObject({ kind: 'move_on', recut: { kind: 'aside', seq: 1 } })
  })

  test('[P3] is to try such a cell again once others have got through, the slow ones last', () => {
    const others = batch(2, 9, null)
    expect(plan([batch(1, 1, trouble({ alone: 1 })), others], 2)).toEqual({ kind: 'send' })
    const slow = batch(1, 1, trouble({ alone: 1, why: TIMEOUT }))
    expect(plan([slow, others], 2)).toMatchObject({ recut: { kind: 'aside' } })
    expect(plan([slow], 2)).toEqual({ kind: 'send' })
  })

  test('[F4] is to wait while all that is left has failed by itself, and not longer', () => {
    const frozen = [batch(1, 1, trouble({ alone: 1 })), batch(2, 1, trouble({ alone: 1 }))]
    expect(plan(frozen)).toEqual({ kind: 'rest' })
    expect(asideUntilMs(frozen, course(1), 2_000)).toBe(3_000)
    expect(plan(frozen, 1, 3_000)).toEqual({ kind: 'send' })
    expect(asideUntilMs(frozen, course(1), 3_000)).toBe(0)
  })

  test('[F4] does not wait for a clock that was set back', () => {
    expect(plan([batch(1, 1, trouble({ alone: 1 }))], 1, 999)).toEqual({ kind: 'send' })
  })
})
