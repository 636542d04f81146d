import { describe, expect, test } from 'vitest'
import { DOUBT_TRIES, LONE_TRIES, SEARCH_FAILURES_MAX } from '../../../src/limits.ts'
import type { ApplyOutcome } from '../../../src/model/flush/batch.ts'
import { faultAfter, planAfter } from '../../../src/model/flush/outcome.ts'
import type { Course, Trouble } from '../../../src/model/flush/trouble.ts'
import { blamesCells, courseAfter, NO_COURSE, troubleAfter } from '../../../src/model/flush/trouble.ts'
import { NO_WAIT } from '../../../src/model/retry.ts'

const APPLIED: ApplyOutcome = { kind: 'applied' }
const TIMEOUT: ApplyOutcome = { kind: 'ambiguous', reason: 'no answer in time', isTimeout: true }
const BROKEN: ApplyOutcome = { kind: 'ambiguous', reason: 'no answer', isTimeout: false }
const BAD_CELL: ApplyOutcome = { kind: 'cell_refused', reason: 'SQLSTATE 23514' }
const REFUSED: ApplyOutcome = { kind: 'refused', reason: 'SQLSTATE P0001' }

/** An outcome of the batch in question, or of another batch that got through between. */
type Event = ApplyOutcome | 'another got through'

/** The steps after each outcome of one batch of so many cells, among others. */
function plans(events: readonly Event[], cells: number, isOnly = false) {
  let course: Course = NO_COURSE
  let trouble: Trouble | null = null
  const done: string[] = []
  for (const event of events) {
    const outcome = event === 'another got through' ? APPLIED : event
    const before: Trouble | null = event === 'another got through' ? null : trouble
    course = courseAfter(course, outcome, before)
    if (event === 'another got through') continue
    const batch = { seq: 7, cells: { length: cells }, trouble }
    if (blamesCells(outcome)) trouble = troubleAfter(batch, outcome, course.throughs, NO_WAIT)
    const step = planAfter(
      outcome,
      { ...batch, trouble, isOnly, onlyKey: isOnly ? 'k' : null, hadFailed: before !== null },
      course,
    )
    done.push('recut' in step ? `${step.recut.kind}${step.isOver ? ', wait' : ''}` : step.kind)
  }
  return done
}

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)

describe('after the outcome of a batch', () => {
  test('[F3] only what Postgres has confirmed is settled', () => {
    expect(plans([APPLIED], 2)).toEqual(['settle'])
    expect(plans([{ kind: 'behind' }, BROKEN], 2)).toEqual(['back_off', 'back_off'])
    expect([TIMEOUT, BAD_CELL, REFUSED].flatMap((outcome) => plans([outcome], 2))).not.toContain('settle')
  })

  test.each([
    ['a constraint', BAD_CELL],
    ["a user's trigger", REFUSED],
    ['a statement that takes too long', TIMEOUT],
  ])('[P3] while others get through, %s is searched for in pieces of its batch', (_, outcome) => {
    expect(plans([outcome, 'another got through', outcome], 2).at(-1)).toBe('cut')
  })

  test.each([
    ['refused', BAD_CELL, LONE_TRIES.refused],
    ['refused for any reason', REFUSED, LONE_TRIES.refused],
    ['slow', TIMEOUT, LONE_TRIES.slow],
  ])(
    '[P3] a cell that is %s is parked once it has failed alone again, and others have got through',
    (_, outcome, tries) => {
      const apart = times(tries - 1, outcome)
      expect(plans([...apart, 'another got through', outcome], 1).at(-1)).toBe('park')
      expect(plans(['another got through', ...apart], 1)).not.toContain('park')
      expect(plans([outcome, 'another got through'], 1)).not.toContain('park')
    },
  )

  test('[P3] with nothing getting through nothing is parked, however often it fails, and it is waited out', () => {
    for (const outcome of [BAD_CELL, REFUSED, TIMEOUT]) {
      const done = plans(times(100, outcome), 1)
      expect(done).not.toContain('park')
      expect(done.slice(DOUBT_TRIES.refused + 1)).toEqual(times(99 - DOUBT_TRIES.refused, 'probe, wait'))
      if (outcome.kind !== 'cell_refused') expect(plans(times(3, outcome), 1, true).at(-1)).toBe('back_off')
    }
  })

  test('[P3] with nothing getting through a batch is not cut: single cells of it are tried, at once and then with waits', () => {
    const done = plans(times(20, BAD_CELL), 2)
    expect(done.slice(0, DOUBT_TRIES.refused)).toEqual(times(DOUBT_TRIES.refused, 'probe'))
    expect(done.slice(DOUBT_TRIES.refused)).toEqual(times(20 - DOUBT_TRIES.refused, 'probe, wait'))
    expect(plans([TIMEOUT, TIMEOUT], 2)).toEqual(['probe', 'probe, wait'])
  })

  test('[P3] a search in which nothing gets through any more ends, because Postgres may have begun to refuse all', () => {
    const search: Event[] = [BAD_CELL, 'another got through', ...times(SEARCH_FAILURES_MAX + 1, BAD_CELL)]
    expect(plans(search, 2).slice(1, -1)).toEqual(times(SEARCH_FAILURES_MAX, 'cut'))
    expect(plans(search, 2).at(-1)).toBe('probe, wait')
  })

  test('a refusal that is not for the sake of data is tried once more before the search, because most pass', () => {
    expect(plans([REFUSED, REFUSED], 2)).toEqual(['back_off', 'probe'])
  })

  test('[F3] another past in the ledger moves what is frozen to a new writer as it is', () => {
    expect(plans([{ kind: 'rewound', reason: 'r' }], 2)).toEqual(['keep, wait'])
  })

  test('the fault counts failures in a row, and says why even when an earlier copy may be under way', () => {
    expect(faultAfter({ kind: 'behind' }, 1)).toMatchObject({
      kind: 'behind',
      reason: expect.stringContaining('earlier copy'),
      failures: 1,
    })
    expect(faultAfter({ kind: 'refused', reason: 'r' }, 2)).toEqual({
      kind: 'refused',
      reason: 'r',
      failures: 2,
    })
  })
})
