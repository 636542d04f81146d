import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HourServices } from '../../../src/edge/read/hour.ts'
import { hourAnswerSchema, readHour } from '../../../src/edge/read/hour.ts'
import { CLOSE_GRACE_MS, RETIRE_GRACE_MS } from '../../../src/limits.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { canNeverReopen, edgeClosesMs, type Settlement, shardClosesMs } from '../../../src/model/closing.ts'
import { hourOf, hourStartMs } from '../../../src/model/hour.ts'
import { mergeFlights } from '../../../src/shard/merge.ts'
import { ShardStore } from '../../../src/shard/store.ts'
import { arrivalOf } from '../../support/arrival.ts'
import { nodeSql } from '../../support/node-sql.ts'
import { eitherOf, goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const LATE_HOURS = scheduleOf('72')
const CONFIG = { shards: scheduleOf('1'), lateHours: LATE_HOURS }
const CLOSES = edgeClosesMs(HOUR, LATE_HOURS)
const MINUTE = 60_000

const SETTLED: Settlement = { isShut: true, pending: 0, parked: 0 }

async function read(nowMs: number, settlements: readonly Partial<Settlement>[], grant: string | null = null) {
  const asked: string[] = []
  const services: HourServices = {
    config: { shards: scheduleOf(String(settlements.length)), lateHours: LATE_HOURS },
    nowMs,
    shards: {
      settlement: async (shard, prefix) => {
        asked.push(`${shard} ${prefix}`)
        return { ...SETTLED, ...settlements[Number(shard.split('/')[1])] }
      },
    },
  }
  const answer = await readHour('', '2026-11-21T20Z', grant, services)
  return { answer: goodOf(answer), asked }
}

const stateAt = async (...args: Parameters<typeof read>) => (await read(...args)).answer.state

describe('an hour', () => {
  test('is open until the edge closes it, then closing, and final once all of its shards have settled', async () => {
    const early = [{ isShut: false }, { isShut: false }]
    expect(await stateAt(hourStartMs(HOUR), early)).toBe('open')
    expect(await stateAt(CLOSES - 1, early)).toBe('open')
    expect(await stateAt(CLOSES, early)).toBe('closing')
    expect(await stateAt(CLOSES + 71 * MINUTE, [{}, { isShut: false }])).toBe('closing')
    expect(await stateAt(CLOSES + 71 * MINUTE, [{}, { pending: 1 }])).toBe('closing')
    expect(await stateAt(CLOSES + 71 * MINUTE, [{ parked: 1 }, {}])).toBe('closing')
    expect(await stateAt(CLOSES + 71 * MINUTE, [{}, {}])).toBe('final')
  })

  test('says until when it is open, from when it may be final, and what is not settled, of all its shards', async () => {
    const { answer, asked } = await read(
      CLOSES,
      [{ pending: 3 }, { pending: 4, parked: 1 }, { parked: 2 }],
      'site/a',
    )
    expect(hourAnswerSchema.parse(answer)).toEqual({
      hour: '2026-11-21T20Z',
      state: 'closing',
      closesAt: '2026-11-24T21:00:00.000Z',
      finalFrom: '2026-11-24T22:10:00.000Z',
      pending: 7,
      parked: 3,
    })
    expect(asked).toEqual([0, 1, 2].map((slot) => `2026-11-21T20Z/${slot} site/a`))
  })

  test('is never called final when one of its shards does not answer', async () => {
    const shards = { settlement: () => Promise.reject(new Error('no answer')) }
    const nowMs = CLOSES + 99 * 3_600_000
    const answer = readHour('', '2026-11-21T20Z', null, { config: CONFIG, nowMs, shards })
    await expect(answer).rejects.toThrow('no answer')
  })

  test('is taken from when clients that are ahead may count in it, not before', async () => {
    const shards = { settlement: async () => ({ ...SETTLED, isShut: false }) }
    const at = async (nowMs: number) =>
      eitherOf(await readHour('', '2026-11-21T20Z', null, { config: CONFIG, shards, nowMs }))
    expect(await at(hourStartMs(HOUR) - 5 * MINUTE)).toMatchObject({ state: 'open' })
    expect(await at(hourStartMs(HOUR) - 5 * MINUTE - 1)).toMatchObject({ parameter: 'hour' })
  })

  test.each(['2026-11-21', '2026-11-21T20:00:00Z', '2026-02-30T00Z', 'x', '', '2026-11-21T24Z'])(
    'of another form is refused: %j',
    async (hour) => {
      const shards = { settlement: async () => SETTLED }
      const answer = readHour('', hour, null, { config: CONFIG, nowMs: CLOSES, shards })
      expect(eitherOf(await answer)).toMatchObject({ kind: 'invalid_parameter', parameter: 'hour' })
    },
  )
})

/** Clocks of the platform's machines differ by less than this from the true time, either way. */
const SKEW_MS_MAX = (RETIRE_GRACE_MS - CLOSE_GRACE_MS) / 2 - 1

/** A shard's storage, on whatever machine it is run: each time one with a clock of its own. */
function movingShard() {
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  let n = 0
  return {
    /** Whether an increment that comes now is taken. */
    merge(nowMs: number): boolean {
      const conditions = {
        nowMs,
        closesMs: shardClosesMs(HOUR, LATE_HOURS),
        isFull: () => false,
        hasRoomForLabels: () => true,
      }
      const arrival = arrivalOf('isolate', ++n, [['k', cellOf(1)]])
      return mergeFlights(store, [arrival], conditions)[0]?.kind === 'accepted'
    },
    flush(nowMs: number): void {
      if (store.openCells > 0) store.freeze(nowMs, () => undefined)
      for (const { seq } of store.frozen) store.settle(seq)
    },
    settlement(nowMs: number, prefix: string | null): Settlement {
      return { isShut: canNeverReopen(HOUR, LATE_HOURS, nowMs), ...store.countUnsettled(prefix) }
    },
  }
}

const skews = fc.integer({ min: -SKEW_MS_MAX, max: SKEW_MS_MAX })
const events = fc.array(
  fc.record({
    /** True time, around the close. */
    atMs: fc.integer({ min: CLOSES - 60 * MINUTE, max: CLOSES + 180 * MINUTE }),
    kind: fc.constantFrom('merge', 'flush', 'ask', 'ask'),
    /** Of the machine that the shard is on, and of the edge's. */
    skewMs: skews,
    edgeSkewMs: skews,
    slot: fc.constantFrom(0, 1),
  }),
  { minLength: 30, maxLength: 60, size: 'max' },
)

test('a final hour stays final, whichever clocks are asked, and takes nothing more however late it comes', async () => {
  let finals = 0
  await fc.assert(
    fc.asyncProperty(events, async (all) => {
      const shards = [movingShard(), movingShard()]
      let isFinal = false
      for (const { atMs, kind, skewMs, edgeSkewMs, slot } of all.toSorted((a, b) => a.atMs - b.atMs)) {
        // A flight that dawdled for any time is one that the edge does not stop: only the shard is asked.
        if (kind === 'merge') expect(shards[slot]?.merge(atMs + skewMs) && isFinal).not.toBe(true)
        if (kind === 'flush') shards[slot]?.flush(atMs + skewMs)
        if (kind !== 'ask') continue
        const settlements = shards.map((shard) => shard.settlement(atMs + skewMs, null))
        const isNowFinal = (await stateAt(atMs + edgeSkewMs, settlements)) === 'final'
        // By a clock that is behind it is not known to be final yet, which changes nothing in it.
        isFinal ||= isNowFinal
        finals += isNowFinal ? 1 : 0
      }
    }),
    { numRuns: 300 },
  )
  expect(finals).toBeGreaterThan(100)
})

test('[S2] what a shard holds under a prefix is told in whole segments, and nothing of other keys', () => {
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  const keys = ['site/acme', 'site/acme/x', 'site/acme-corp', 'site/acme-corp/x', 'other']
  const cells = keys.map((key, i) => [key, { ...cellOf(1), count: 10 ** i }] as const)
  store.merge([arrivalOf('isolate', 1, cells)], 0)
  const pendingUnder = (prefix: string | null) => store.countUnsettled(prefix)
  for (const step of [() => undefined, () => store.freeze(0, () => undefined)]) {
    step()
    expect(pendingUnder(null)).toEqual({ pending: 11_111, parked: 0 })
    expect(pendingUnder('site/acme')).toEqual({ pending: 11, parked: 0 })
    expect(pendingUnder('site/acme-corp')).toEqual({ pending: 1_100, parked: 0 })
    expect(pendingUnder('site/ac')).toEqual({ pending: 0, parked: 0 })
  }
  const sealed = { seq: 0, batch: null }
  store.moveOn(sealed, { kind: 'park', seq: store.frozen[0]?.seq ?? 0 }, 'refused', 0)
  expect(pendingUnder('site/acme')).toEqual({ pending: 0, parked: 11 })
  expect(pendingUnder('nobody')).toEqual({ pending: 0, parked: 0 })
})
