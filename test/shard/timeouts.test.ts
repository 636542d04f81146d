import { expect, test } from 'vitest'
import { TIMEOUTS_MAX } from '../../src/limits.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import type { Batch } from '../../src/model/flush/batch.ts'
import { hourOf } from '../../src/model/hour.ts'
import { Flusher } from '../../src/shard/flush.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'

const START = Date.UTC(2026, 10, 21, 20)

/** Cells that this Postgres upserts before the statement's time is over. */
const CELLS_IN_TIME = 2

test('[F4] a batch that is too large for the time of a statement is halved until it gets through', async () => {
  const clock = new FakeClock(START)
  const store = new ShardStore(nodeSql(), clock.uuid)
  const sent: Batch[] = []
  let alarmAtMs = START
  const flusher = new Flusher({
    name: { hour: hourOf(START), slot: 0 },
    store,
    alarm: {
      set: (atMs) => {
        alarmAtMs = atMs
      },
    },
    sink: {
      apply: async (batch) => {
        sent.push(batch)
        const isTooLarge = [...batch.cells].length > CELLS_IN_TIME
        return isTooLarge ? { kind: 'ambiguous', reason: 'no answer', isTimeout: true } : { kind: 'applied' }
      },
      seal: async (writer) => ({ kind: 'sealed', sealed: appliedBy(writer) }),
      register: async () => ({ kind: 'registered' }),
      end: () => undefined,
    },
    erase: () => {},
    clock,
    log: () => {},
    intervalMs: 5_000,
    retireAtMs: Number.POSITIVE_INFINITY,
  })
  /** A statement that timed out has applied nothing, so the ledger stands at the last batch that was small enough. */
  const appliedBy = (writer: string) => {
    const own = sent.filter((batch) => batch.writer === writer && [...batch.cells].length <= CELLS_IN_TIME)
    return { seq: own.at(-1)?.seq ?? 0, batch: own.at(-1)?.id ?? null }
  }

  const cells = Array.from({ length: 7 }, (_, i): KeyedCell => [`k/${i}`, cellOf(1)])
  store.merge([arrivalOf('isolate', 1, cells)], clock.now())
  const rings = 2 * TIMEOUTS_MAX * cells.length
  for (let i = 0; i < rings && store.holdings().settled < cells.length; i++) {
    await flusher.run()
    await clock.pass(alarmAtMs - clock.now())
  }
  expect(store.holdings()).toMatchObject({ settled: 7, frozen: { increments: 0 }, parked: { cells: 0 } })
  expect(sent.filter(({ id }) => id === sent[0]?.id)).toHaveLength(TIMEOUTS_MAX)
})
