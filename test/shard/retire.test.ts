import { beforeEach, describe, expect, test } from 'vitest'
import { cellOf } from '../../src/model/cell.ts'
import type { SealOutcome } from '../../src/model/flush/batch.ts'
import { hourOf } from '../../src/model/hour.ts'
import { Flusher } from '../../src/shard/flush.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { FakeClock, settle } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'

const RETIRE_AT = Date.UTC(2026, 10, 25)

let clock: FakeClock
let store: ShardStore
let flusher: Flusher
let alarmAtMs: number | null
let erased: number
/** Answers the seal that is under way. */
let answerSeal: (outcome: SealOutcome) => void

beforeEach(async () => {
  clock = new FakeClock(RETIRE_AT - 60_000)
  store = new ShardStore(nodeSql(), clock.uuid)
  alarmAtMs = null
  erased = 0
  flusher = new Flusher({
    name: { hour: hourOf(Date.UTC(2026, 10, 21, 20)), slot: 0 },
    store,
    alarm: {
      set: (atMs) => {
        alarmAtMs = atMs
      },
    },
    sink: {
      apply: async () => ({ kind: 'applied' }),
      seal: () => {
        const { promise, resolve } = Promise.withResolvers<SealOutcome>()
        answerSeal = resolve
        return promise
      },
      register: async () => ({ kind: 'registered' }),
      end: () => undefined,
    },
    erase: () => {
      erased += 1
    },
    clock,
    log: () => undefined,
    intervalMs: 5_000,
    retireAtMs: RETIRE_AT,
  })
  open(1)
  await flusher.run()
  await clock.pass(60_000)
})

function open(n: number): void {
  store.merge([arrivalOf('isolate', n, [['k', cellOf(1)]])], clock.now())
}

const SEALED: SealOutcome = { kind: 'sealed', sealed: { seq: 1, batch: null } }

describe('a shard that retires', () => {
  test('[Z1] deletes itself once its seal is answered, and not before', async () => {
    const run = flusher.run()
    await settle()
    expect(erased).toBe(0)
    answerSeal(SEALED)
    await run
    expect(erased).toBe(1)
  })

  test('[Z1] [F4] keeps what came in while it waited for its seal, and has an alarm armed for it', async () => {
    const run = flusher.run()
    await settle()
    open(2)
    answerSeal(SEALED)
    await run
    expect(erased).toBe(0)
    expect(store.holdings().open.increments).toBe(1)
    expect(alarmAtMs).toBeGreaterThan(clock.now())
  })
})
