import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  confirmed,
  type Deploy,
  type DeployRecord,
  encodeRecord,
  ended,
  NOTHING_DEPLOYED,
  planDeploy,
  recordSchema,
  UNDER_WAY_MS_MAX,
} from '../../../src/local/deploy/record.ts'
import { WRANGLER_MS_MAX } from '../../../src/local/deploy/wrangler.ts'
import { retireAtMs } from '../../../src/model/closing.ts'
import type { Schedules } from '../../../src/model/deployed/schedule-edit.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { addHours, formatHour, HOUR_MS, hourOf, hourStartMs } from '../../../src/model/hour.ts'
import { valueAt } from '../../../src/model/schedule.ts'
import { scheduleOf } from '../../support/schedule.ts'

const START_MS = Date.UTC(2026, 10, 25, 7, 40)

/** The fate of one deploy, and the answer of a person who is asked. */
type Attempt = {
  readonly afterMs: number
  readonly schedules: Schedules
  /** Minutes from its record until it is live; null when it never is. */
  readonly liveAfter: number | null
  readonly fate: 'confirmed' | 'ended' | 'killed'
}

const schedule = (min: number) =>
  fc
    .tuple(
      fc.integer({ min, max: min + 2 }),
      fc.option(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min, max: min + 2 }))),
    )
    .map(([first, step]) => {
      if (step === null) return scheduleOf(`${first}`)
      return scheduleOf(`${first}, ${step[1]}@${formatHour(addHours(hourOf(START_MS), step[0]))}`)
    })

const attempts: fc.Arbitrary<Attempt[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1_000, max: 4 * HOUR_MS }),
    schedules: fc.record({ SHARDS: schedule(1), LATE_HOURS: schedule(0) }),
    liveAfter: fc.option(fc.integer({ min: 0, max: WRANGLER_MS_MAX / 60_000 })),
    fate: fc.constantFrom('confirmed', 'ended', 'killed'),
  }),
  { minLength: 2, maxLength: 8 },
)

/** Hours that have begun when `next` takes the place of `before`, and that change though they are not retired. */
function hurt(before: Schedules, next: Schedules, nowMs: number): Hour[] {
  const hours = Array.from({ length: 30 }, (_, i) => addHours(hourOf(nowMs), i - 29))
  return hours.filter((hour) => {
    const isRetired = [before, next].every(({ LATE_HOURS }) => retireAtMs(hour, LATE_HOURS) <= nowMs)
    const isSame = (['SHARDS', 'LATE_HOURS'] as const).every(
      (name) => valueAt(before[name], hour) === valueAt(next[name], hour),
    )
    return hourStartMs(hour) <= nowMs && !isRetired && !isSame
  })
}

describe('deploys that are interrupted anywhere', () => {
  test('[K2] never change an hour that has begun, in what is live', () => {
    let begun = 0
    fc.assert(
      fc.property(attempts, (all) => {
        let record: DeployRecord = NOTHING_DEPLOYED
        let live: Deploy | null = null
        let nowMs = START_MS
        for (const [i, { afterMs, schedules, liveAfter, fate }] of all.entries()) {
          nowMs += afterMs
          const next: Deploy = { id: `d${i}`, schedules, beganMs: nowMs }
          let plan = planDeploy(record, next)
          // A person looks, and tells the truth.
          if (plan.kind === 'ambiguous') plan = planDeploy(record, next, { live: idOfLive(record, live) })
          if (plan.kind !== 'begin') continue
          begun += 1
          record = plan.record
          // Whoever is confirmed was live.
          const minutes = fate === 'confirmed' ? (liveAfter ?? 0) : liveAfter
          nowMs += (minutes ?? 1) * 60_000
          if (minutes !== null) {
            if (live !== null) expect(hurt(live.schedules, schedules, nowMs).map(formatHour)).toEqual([])
            live = next
          }
          if (fate === 'confirmed') record = confirmed(record, next.id)
          if (fate === 'ended') record = ended(record, next.id)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(begun).toBeGreaterThan(3_000)
  })

  function idOfLive({ unconfirmed }: DeployRecord, live: Deploy | null): string {
    return unconfirmed.some(({ id }) => id === live?.id) ? (live?.id ?? '') : 'before'
  }

  test('a deploy that is under way keeps others off for longer than its wrangler may run', () => {
    expect(UNDER_WAY_MS_MAX).toBeGreaterThan(WRANGLER_MS_MAX)
    const schedules = { SHARDS: scheduleOf('1'), LATE_HOURS: scheduleOf('72') }
    const first = planDeploy(NOTHING_DEPLOYED, { id: 'a', schedules, beganMs: START_MS })
    if (first.kind !== 'begin') throw new Error(first.kind)
    const at = (beganMs: number) => planDeploy(first.record, { id: 'b', schedules, beganMs }).kind
    expect(at(START_MS + UNDER_WAY_MS_MAX - 1)).toBe('under_way')
    expect(at(START_MS + UNDER_WAY_MS_MAX)).toBe('begin')
  })

  test('[K2] leave it open which of two is live, so that an edit good for one of them alone is asked about', () => {
    const schedules = (shards: string) => ({ SHARDS: scheduleOf(shards), LATE_HOURS: scheduleOf('72') })
    const live = { id: 'a', schedules: schedules('1'), beganMs: START_MS - 3 * HOUR_MS }
    const change = { id: 'b', schedules: schedules('1, 2@2026-11-25T06Z'), beganMs: START_MS - 2 * HOUR_MS }
    const record = { live, unconfirmed: [{ ...change, hasEnded: true }] }
    const plan = (like: Deploy, told: string) =>
      planDeploy(record, { id: 'c', schedules: like.schedules, beganMs: START_MS }, { live: told }).kind
    for (const like of [live, change])
      expect(planDeploy(record, { ...like, id: 'c', beganMs: START_MS }).kind).toBe('ambiguous')
    expect([plan(live, 'before'), plan(live, 'b')]).toEqual(['begin', 'refused'])
    expect([plan(change, 'before'), plan(change, 'b')]).toEqual(['refused', 'begin'])
  })

  test('what is confirmed late does not unsay what was begun after it', () => {
    const schedules = { SHARDS: scheduleOf('1'), LATE_HOURS: scheduleOf('72') }
    const deploy = (id: string) => ({ id, schedules, beganMs: START_MS, hasEnded: true })
    const record = confirmed({ live: null, unconfirmed: [deploy('a'), deploy('b')] }, 'a')
    expect(record).toMatchObject({ live: { id: 'a' }, unconfirmed: [{ id: 'b' }] })
    expect(confirmed(record, 'a')).toEqual(record)
  })

  test('a record is read as it was written', () => {
    fc.assert(
      fc.property(attempts, (all) => {
        const deploys = all.map(({ schedules }, i) => ({ id: `d${i}`, schedules, beganMs: START_MS + i }))
        const record = {
          live: deploys[0] ?? null,
          unconfirmed: deploys.map((d) => ({ ...d, hasEnded: true })),
        }
        expect(recordSchema.parse(JSON.parse(JSON.stringify(encodeRecord(record))))).toEqual(record)
      }),
    )
  })
})
