import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { REGISTER_AHEAD_MS } from '../../../src/limits.ts'
import { nextFlushMs, planFlush, type ShardState } from '../../../src/model/flush/plan.ts'
import { backoffMs, waitsUntilMs } from '../../../src/model/retry.ts'

const states: fc.Arbitrary<ShardState> = fc.record({
  isStored: fc.constant(true),
  openCells: fc.nat(2),
  frozenBatches: fc.nat(2),
  parkedCells: fc.nat(1),
  isRegistered: fc.boolean(),
  notBeforeMs: fc.nat(100),
  asideUntilMs: fc.nat(100),
  retireAtMs: fc.nat(100),
})

describe('the plan of a flush', () => {
  test('[F4] waiting always ends: while something is stored it is never idle, and at untilMs it no longer waits', () => {
    fc.assert(
      fc.property(states, fc.nat(100), (state, nowMs) => {
        const plan = planFlush(state, nowMs)
        expect(plan.kind).not.toBe('idle')
        if (plan.kind !== 'wait') return
        expect(plan.untilMs).toBeGreaterThan(nowMs)
        if (state.parkedCells === 0) expect(planFlush(state, plan.untilMs).kind).not.toBe('wait')
      }),
    )
  })

  test('[P3] open cells do not wait for frozen ones that are left alone', () => {
    fc.assert(
      fc.property(states, fc.nat(100), (state, nowMs) => {
        const plan = planFlush({ ...state, openCells: 1, notBeforeMs: 0, asideUntilMs: nowMs + 1 }, nowMs)
        expect(plan).toEqual({ kind: 'flush' })
      }),
    )
  })

  test('retires only with nothing left to send', () => {
    fc.assert(
      fc.property(states, fc.nat(200), (state, nowMs) => {
        if (planFlush(state, nowMs).kind !== 'retire') return
        expect([state.openCells, state.frozenBatches, state.parkedCells]).toEqual([0, 0, 0])
        expect(nowMs).toBeGreaterThanOrEqual(state.retireAtMs)
      }),
    )
  })

  test('[K2] [Z1] with cells parked it makes the ledger know its writer before it could retire, and never retires', () => {
    const parked = states.map((state) => ({ ...state, openCells: 0, frozenBatches: 0, parkedCells: 1 }))
    fc.assert(
      fc.property(parked, fc.nat(200), (state, nowMs) => {
        const atMs = REGISTER_AHEAD_MS + nowMs
        const later = { ...state, retireAtMs: state.retireAtMs + 2 * REGISTER_AHEAD_MS }
        const dueMs = Math.max(later.retireAtMs - REGISTER_AHEAD_MS, later.notBeforeMs)
        const plan = planFlush(later, atMs)
        if (later.isRegistered) expect(plan.kind).toBe('wait')
        else expect(plan).toEqual(atMs < dueMs ? { kind: 'wait', untilMs: dueMs } : { kind: 'register' })
      }),
    )
  })

  test('an object that was only woken owes nothing', () => {
    const state = {
      isStored: false,
      openCells: 0,
      frozenBatches: 0,
      parkedCells: 0,
      isRegistered: false,
      notBeforeMs: 0,
      asideUntilMs: 0,
      retireAtMs: 0,
    }
    expect(planFlush(state, 1)).toEqual({ kind: 'idle' })
  })
})

describe('the next flush', () => {
  const args = [fc.nat(1e12), fc.integer({ min: 1000, max: 3_600_000 }), fc.nat(4095)] as const

  test('[F5] is at most one interval away, and not now', () => {
    fc.assert(
      fc.property(...args, (nowMs, intervalMs, slot) => {
        const next = nextFlushMs(nowMs, intervalMs, slot)
        expect(next).toBeGreaterThan(nowMs)
        expect(next).toBeLessThanOrEqual(nowMs + intervalMs)
      }),
    )
  })

  test('falls on the same multiples for every shard, a third of a second apart at most', () => {
    fc.assert(
      fc.property(...args, (nowMs, intervalMs, slot) => {
        expect(nextFlushMs(nowMs, intervalMs, slot) % intervalMs).toBeLessThanOrEqual(300)
      }),
    )
  })
})

describe('backing off', () => {
  const bounds = { minMs: 1000, maxMs: 30_000 }

  test('doubles up to its cap, spread over the upper half', () => {
    expect([1, 2, 3, 4, 5, 6, 1000].map((failures) => backoffMs(failures, bounds, 0))).toEqual([
      500, 1000, 2000, 4000, 8000, 15_000, 15_000,
    ])
    expect(backoffMs(1000, bounds, 0.999_999)).toBe(30_000)
  })

  test('[F4] ends at its time, and at once when the clock is set back to before it began', () => {
    const wait = { fromMs: 5_000, untilMs: 9_000 }
    expect([4_999, 5_000, 8_999, 9_000].map((nowMs) => waitsUntilMs(wait, nowMs))).toEqual([
      0, 9_000, 9_000, 0,
    ])
  })
})
