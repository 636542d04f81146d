import { describe, expect, test } from 'vitest'
import { REFUSED_ALIKE_MAX, TIMEOUTS_MAX } from '../../../src/limits.ts'
import type { ApplyOutcome } from '../../../src/model/flush/batch.ts'
import type { Streak } from '../../../src/model/flush/outcome.ts'
import { continueStreak, faultAfter, NO_STREAK, planAfter } from '../../../src/model/flush/outcome.ts'

const TIMEOUT: ApplyOutcome = { kind: 'ambiguous', reason: 'no answer in time', isTimeout: true }
const BROKEN: ApplyOutcome = { kind: 'ambiguous', reason: 'no answer', isTimeout: false }
const BAD_CELL: ApplyOutcome = { kind: 'cell_refused', reason: 'out of range' }

const batch = (length: number) => ({ seq: 7, cells: { length } })

/** The plans after each of these outcomes of one batch, or of batches of as many cells. */
function plans(outcomes: readonly ApplyOutcome[], cells: number) {
  let streak: Streak = NO_STREAK
  return outcomes.map((outcome) => {
    streak = continueStreak(streak, outcome, cells)
    const { kind, ...rest } = planAfter(outcome, batch(cells), streak)
    return 'recut' in rest ? rest.recut.kind : kind
  })
}

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)

describe('after the outcome of a batch', () => {
  test('[F3] only what Postgres has confirmed is settled', () => {
    expect(plans([{ kind: 'applied' }], 2)).toEqual(['settle'])
    const others: ApplyOutcome[] = [{ kind: 'behind' }, BROKEN, TIMEOUT, { kind: 'refused', reason: 'r' }]
    expect(plans(others, 2)).toEqual(others.map(() => 'back_off'))
  })

  test('[F4] a batch that times out again and again is halved, and a lone cell is not', () => {
    const waits = times(TIMEOUTS_MAX - 1, 'back_off')
    expect(plans(times(TIMEOUTS_MAX, TIMEOUT), 2)).toEqual([...waits, 'halve'])
    expect(plans(times(TIMEOUTS_MAX, TIMEOUT), 1)).toEqual([...waits, 'back_off'])
    expect(plans([...times(TIMEOUTS_MAX - 1, TIMEOUT), BROKEN, TIMEOUT], 2)).not.toContain('halve')
  })

  test('[P3] a batch with a bad cell is halved, and that cell alone is parked', () => {
    expect(plans([BAD_CELL], 2)).toEqual(['halve'])
    expect(plans([BAD_CELL], 1)).toEqual(['park'])
  })

  test('[P3] cells that are refused alike, one after the other with none getting through, are waited out', () => {
    const alike = times(REFUSED_ALIKE_MAX, BAD_CELL)
    expect(plans([...alike, BAD_CELL], 1)).toEqual([...alike.map(() => 'park'), 'back_off'])
    expect(plans([...alike, { kind: 'applied' }, BAD_CELL], 1).at(-1)).toBe('park')
    expect(plans([...alike, { kind: 'cell_refused', reason: 'another' }], 1).at(-1)).toBe('park')
  })

  test('[F3] another past in the ledger moves what is frozen to a new writer as it is', () => {
    expect(plans([{ kind: 'rewound', reason: 'r' }], 2)).toEqual(['keep'])
  })

  test('the fault counts failures in a row, and says why even when an earlier copy may be under way', () => {
    const first = faultAfter(null, { kind: 'behind' })
    expect(first).toMatchObject({
      kind: 'behind',
      reason: expect.stringContaining('earlier copy'),
      failures: 1,
    })
    expect(faultAfter(first, { kind: 'refused', reason: 'r' })).toEqual({
      kind: 'refused',
      reason: 'r',
      failures: 2,
    })
  })
})
