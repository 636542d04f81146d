import { beforeEach, describe, expect, test } from 'vitest'
import { BACKOFF_MS_MAX, BATCH_CELLS_MAX, FLUSH_RUN_MS_MAX } from '../../src/limits.ts'
import type { FlushLine } from '../../src/log.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import type { ApplyOutcome, Batch } from '../../src/model/flush/batch.ts'
import { hourOf } from '../../src/model/hour.ts'
import { Flusher } from '../../src/shard/flush.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { FakeClock, settle } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'

const START = Date.UTC(2026, 10, 21, 20, 0, 1)
const INTERVAL_MS = 5_000
const RETIRE_AT = START + 100 * 3_600_000

/** A batch that was sent to Postgres and is not answered yet. */
type Sent = { readonly batch: Batch; readonly answer: (outcome: ApplyOutcome) => void }

let clock: FakeClock
let store: ShardStore
let sent: Sent[]
let alarmAtMs: number | null
let erased: number
let flusher: Flusher
let logged: FlushLine[]

beforeEach(() => {
  clock = new FakeClock(START)
  store = new ShardStore(nodeSql(), clock.uuid)
  sent = []
  alarmAtMs = null
  erased = 0
  logged = []
  flusher = new Flusher({
    name: { hour: hourOf(START), slot: 0 },
    store,
    alarm: {
      set: (atMs) => {
        alarmAtMs = atMs
      },
    },
    sink: {
      apply: (batch) => {
        const { promise, resolve } = Promise.withResolvers<ApplyOutcome>()
        sent.push({ batch, answer: resolve })
        return promise
      },
      seal: async () => ({ kind: 'ambiguous', reason: 'no answer to the seal', isTimeout: false }),
      register: async () => ({ kind: 'registered' }),
      end: () => undefined,
    },
    erase: () => {
      erased += 1
    },
    clock,
    log: (line) => logged.push(line),
    intervalMs: INTERVAL_MS,
    retireAtMs: RETIRE_AT,
  })
})

let n = 0

function open(cells: KeyedCell[]): void {
  store.merge([arrivalOf('isolate', ++n, cells)], clock.now())
}

/** Rings as the platform does: the alarm is used up before the handler runs. */
function ring(): Promise<void> {
  alarmAtMs = null
  return flusher.run()
}

function last(): Sent {
  const found = sent.at(-1)
  if (found === undefined) throw new Error('nothing was sent')
  return found
}

async function answer(outcome: ApplyOutcome = { kind: 'applied' }): Promise<void> {
  last().answer(outcome)
  await settle()
}

const manyCells = (count: number) => Array.from({ length: count }, (_, i): KeyedCell => [`k/${i}`, cellOf(1)])

describe('a flush', () => {
  test('[F4] has armed the next alarm before it waits for Postgres', () => {
    open([['k', cellOf(1)]])
    void ring()
    expect(sent).toHaveLength(1)
    expect(alarmAtMs).toBe(Date.UTC(2026, 10, 21, 20, 0, 5))
  })

  test('[F3] [C1] settles only after Postgres has confirmed', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    expect(store.holdings()).toMatchObject({ settled: 0, frozen: { batches: 1, increments: 1 } })
    await answer()
    await run
    expect(store.holdings()).toMatchObject({ settled: 1, frozen: { batches: 0 }, oldestMs: null })
  })

  test('[F1] sends the batches of a backlog in the order of their seqs, each after the one before is settled', async () => {
    open(manyCells(BATCH_CELLS_MAX * 2 + 1))
    const run = ring()
    for (const seq of [1, 2, 3]) {
      expect(sent.map(({ batch }) => batch.seq)).toEqual([1, 2, 3].slice(0, seq))
      await answer()
    }
    await run
    expect(store.holdings().settled).toBe(BATCH_CELLS_MAX * 2 + 1)
  })

  test('[F2] is the only one under way, and a second alarm leaves the shard armed', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    await ring()
    expect(sent).toHaveLength(1)
    expect(alarmAtMs).not.toBeNull()
    await answer()
    await run
  })

  test('[F1] [F4] sends the very same again after an answer that leaves it open, and what came since stays out of it', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    await answer({ kind: 'ambiguous', reason: 'no answer', isTimeout: false })
    await run
    open([['k', cellOf(10)]])
    await clock.pass((alarmAtMs ?? 0) - clock.now())
    const again = ring()
    expect(alarmAtMs).toBeGreaterThan(clock.now())
    expect(sent[1]?.batch).toEqual(sent[0]?.batch)
    await answer()
    await again
    expect(store.holdings()).toMatchObject({ settled: 1, open: { increments: 1 } })
  })

  test.each([
    [{ kind: 'behind' }],
    [{ kind: 'ambiguous', reason: 'r', isTimeout: true }],
    [{ kind: 'refused', reason: 'r' }],
  ] as [Exclude<ApplyOutcome, { kind: 'applied' }>][])(
    '[F3] [F4] after %j nothing is forgotten, the reason is shown, and the alarm is armed with growing waits',
    async (outcome) => {
      open([['k', cellOf(1)]])
      const waits: number[] = []
      for (let failures = 1; failures <= 8; failures++) {
        const run = ring()
        await answer(outcome)
        await run
        expect(flusher.fault).toMatchObject({ kind: outcome.kind, failures })
        expect(store.holdings().frozen.increments).toBe(1)
        waits.push((alarmAtMs ?? 0) - clock.now())
        await clock.pass(waits.at(-1) ?? 0)
      }
      expect(waits).toEqual(waits.toSorted((a, b) => a - b))
      expect(waits.at(-1)).toBeLessThanOrEqual(BACKOFF_MS_MAX)
      const run = ring()
      await answer()
      await run
      expect(flusher.fault).toBeNull()
    },
  )

  test('an alarm that rings during a backoff leaves Postgres alone until it is over', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    await answer({ kind: 'refused', reason: 'r' })
    await run
    const due = alarmAtMs
    expect(flusher.dueMs(clock.now())).toBeGreaterThanOrEqual(due ?? 0)
    expect(flusher.dueAtOnceMs(clock.now())).toBe(due)
    await ring()
    expect(sent).toHaveLength(1)
    expect(alarmAtMs).toBe(due)
  })

  test('[F5] after a success nothing waits for a backoff any more, and the next failure begins with the shortest', async () => {
    open([['k', cellOf(1)]])
    const waits: number[] = []
    for (const outcome of [
      { kind: 'refused', reason: 'r' },
      { kind: 'behind' },
      { kind: 'applied' },
    ] as const) {
      const run = ring()
      await answer(outcome)
      await run
      waits.push(flusher.dueAtOnceMs(clock.now()) - clock.now())
      if (outcome.kind !== 'applied') await clock.pass((alarmAtMs ?? 0) - clock.now())
    }
    expect(waits.at(-1)).toBe(0)
    expect(flusher.dueMs(clock.now())).toBeLessThanOrEqual(clock.now() + INTERVAL_MS)
    open([['k', cellOf(1)]])
    const run = ring()
    await answer({ kind: 'behind' })
    await run
    expect(flusher.dueAtOnceMs(clock.now()) - clock.now()).toBe(waits[0])
  })

  test.each([30_000, 3_600_000])(
    '[F5] a backoff does not outlive a clock that is set back by %i ms: a flush waits for an interval at most',
    async (ms) => {
      open([['k', cellOf(1)]])
      for (let i = 0; i < 8; i++) {
        const run = ring()
        await answer({ kind: 'behind' })
        await run
        await clock.pass((alarmAtMs ?? 0) - clock.now())
      }
      await clock.pass(-ms)
      expect(flusher.dueMs(clock.now())).toBeLessThanOrEqual(clock.now() + INTERVAL_MS)
      expect(flusher.latestMs(clock.now())).toBeLessThanOrEqual(clock.now() + INTERVAL_MS)
      const run = ring()
      await answer()
      await run
      expect(store.holdings().settled).toBe(1)
    },
  )

  test('[F4] a clock that is set back during a flush does not keep its alarm on', async () => {
    open(manyCells(BATCH_CELLS_MAX * 3))
    const run = ring()
    await clock.pass(-3_600_000)
    await answer()
    await run
    expect(sent).toHaveLength(1)
    expect(alarmAtMs).toBeLessThanOrEqual(clock.now() + INTERVAL_MS)
  })

  test('[F4] alarms that ring while a statement is out, by a clock that is ahead, ring ever more seldom', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    const aheadMs = 3_600_000
    let rings = 0
    for (; rings < 100 && (alarmAtMs ?? 0) <= clock.now() + aheadMs; rings++) await ring()
    expect(rings).toBeLessThan(15)
    await answer({ kind: 'behind' })
    await run
    expect(alarmAtMs).toBeLessThanOrEqual(clock.now() + INTERVAL_MS)
  })

  test('[F4] ends long before the platform would end its alarm, and the next one goes on', async () => {
    open(manyCells(BATCH_CELLS_MAX * 3))
    const run = ring()
    await clock.pass(FLUSH_RUN_MS_MAX + 1)
    await answer()
    await run
    expect(sent).toHaveLength(1)
    expect(store.holdings().frozen.batches).toBe(2)
    void ring()
    expect(last().batch.seq).toBe(2)
  })

  test('[F4] with nothing left to send the alarm is armed for retirement', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    await answer()
    await run
    await ring()
    expect(alarmAtMs).toBe(RETIRE_AT)
  })

  test.each(['cell_refused', 'rewound'] as const)(
    '[F3] [F4] after %s and a seal without an answer nothing is forgotten, and the alarm is armed',
    async (kind) => {
      open(manyCells(2))
      const run = ring()
      await answer({ kind, reason: 'r' })
      await run
      expect(flusher.fault).toMatchObject({ kind: 'ambiguous', reason: 'no answer to the seal' })
      expect(store.holdings().frozen.increments).toBe(2)
      expect(alarmAtMs).toBeGreaterThan(clock.now())
    },
  )

  test('[Z1] a shard whose seal has no answer keeps all of itself, and its alarm', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    await answer()
    await run
    await clock.pass(RETIRE_AT - clock.now())
    await ring()
    expect(erased).toBe(0)
    expect(alarmAtMs).toBeGreaterThan(clock.now())
  })

  test('an object that was only woken arms nothing', async () => {
    await ring()
    expect(alarmAtMs).toBeNull()
  })
})

describe('the log', () => {
  test('has one line for a flush, whatever the number of its batches, and none for an alarm with nothing to send', async () => {
    open(manyCells(BATCH_CELLS_MAX + 1))
    const run = ring()
    await clock.pass(30)
    await answer()
    await clock.pass(20)
    await answer()
    await run
    await ring()
    expect(logged).toEqual([
      {
        message: 'flushed',
        outcome: 'applied',
        batches: 2,
        seq: 2,
        cells: BATCH_CELLS_MAX + 1,
        increments: BATCH_CELLS_MAX + 1,
        ms: 50,
      },
    ])
  })

  test('has one line for each failure, with how many there have been and when the next try is', async () => {
    open([['site/secret', cellOf(1)]])
    for (const failures of [1, 2]) {
      const run = ring()
      await clock.pass(7)
      await answer({
        kind: 'refused',
        reason: 'SQLSTATE 28P01: password authentication failed for user "me"',
      })
      await run
      const retryMs = (alarmAtMs ?? 0) - clock.now()
      const batch = { seq: 1, cells: 1, increments: 1, ms: 7 }
      const told = { outcome: 'refused', reason: 'SQLSTATE 28P01', failures, retryMs }
      expect(logged.splice(0)).toEqual([{ message: 'flush failed', ...told, ...batch }])
      await clock.pass(retryMs)
    }
    expect(store.holdings().tally).toMatchObject({ refused: 2, applied: 0, sentMs: 14 })
  })

  test('tells a seal without an answer, and which batch was to move', async () => {
    open([['k', cellOf(1)]])
    const run = ring()
    await answer({ kind: 'rewound', reason: 'the ledger has seq 3' })
    await run
    expect(logged).toEqual([
      expect.objectContaining({ message: 'seal failed', outcome: 'ambiguous', failures: 1 }),
    ])
  })
})
