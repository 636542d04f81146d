import type { DurableObjectState } from '@cloudflare/workers-types'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import type { Batch } from '../../src/model/flush/batch.ts'
import { hourOf } from '../../src/model/hour.ts'
import { formatShardName } from '../../src/model/shard-name.ts'
import { IsolateLoad } from '../../src/shard/isolate-load.ts'
import type { ShardServices } from '../../src/shard/shard.ts'
import { ShardObject } from '../../src/shard/shard.ts'
import type { SqlValue } from '../../src/shard/sql.ts'
import { FakeClock, settle } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'

// The platform's own module, which Node does not have.
vi.mock('cloudflare:workers', () => import('../simulation/durable-object.ts'))

const HOUR_START = Date.UTC(2026, 10, 21, 20)

/** How long a statement to Postgres takes here. */
const STATEMENT_MS = 300

type Env = { readonly clock: Clock; readonly services: ShardServices }

class Shard extends ShardObject<Env> {
  protected override get clock() {
    return this.env.clock
  }

  protected override readonly log = () => {}

  protected override services() {
    return this.env.services
  }
}

/** A shard in a quiet hour, with nothing but a clock around it. */
function quietShard(clock: FakeClock, slot: number, intervalMs: number, applied: (batch: Batch) => void) {
  const sql = nodeSql()
  let disarm = () => {}
  const setAlarm = async (atMs: number) => {
    disarm()
    disarm = clock.after(Math.max(0, atMs - clock.now()), () => void shard.alarm())
  }
  const storage = {
    sql: {
      exec: (statement: string, ...params: SqlValue[]) => ({ toArray: () => sql.run(statement, ...params) }),
    },
    transactionSync: <T>(body: () => T) => sql.transaction(body),
    getAlarm: async () => null,
    setAlarm,
  }
  const services: ShardServices = {
    sink: {
      apply: async (batch) => {
        await clock.sleep(STATEMENT_MS)
        applied(batch)
        return { kind: 'applied' }
      },
      seal: async () => ({ kind: 'sealed', sealed: { seq: 0, batch: null } }),
      register: async () => ({ kind: 'registered' }),
      end: () => undefined,
    },
    isolateLoad: new IsolateLoad(),
    flushIntervalMs: intervalMs,
    lingerMs: 0,
    lateHours: [{ from: hourOf(0), value: 24 }],
  }
  const name = formatShardName({ hour: hourOf(HOUR_START), slot })
  const state = { id: { name }, storage, waitUntil: () => {} }
  const shard: Shard = new Shard(state as unknown as DurableObjectState, { clock, services })
  return shard
}

/** @returns how long it took from the answer to the row, in ms. */
async function msUntilRow(arrivesMs: number, slot: number, intervalMs: number): Promise<number> {
  const clock = new FakeClock(HOUR_START + arrivesMs)
  const rows = new Map<string, number>()
  const shard = quietShard(clock, slot, intervalMs, ({ cells }) => {
    for (const [key] of cells) rows.set(key, clock.now())
  })
  const flight = encodeFlight({ sender: 'isolate', n: 1 }, Cells.of([['lone', cellOf(1)]]))
  const answered = shard.merge(flight)
  await settle()
  expect(await answered).toEqual({ kind: 'accepted' })
  const answeredMs = clock.now()
  await clock.pass(2 * intervalMs + STATEMENT_MS)
  expect([...rows.keys()]).toEqual(['lone'])
  return (rows.get('lone') ?? Number.POSITIVE_INFINITY) - answeredMs
}

test('[F5] a lone increment is in Postgres within the flush interval and one statement, whenever it comes', async () => {
  const intervals = fc.integer({ min: 1, max: 60 }).map((seconds) => seconds * 1_000)
  await fc.assert(
    fc.asyncProperty(fc.nat(3_599_999), fc.nat(31), intervals, async (arrivesMs, slot, intervalMs) => {
      expect(await msUntilRow(arrivesMs, slot, intervalMs)).toBeLessThanOrEqual(intervalMs + STATEMENT_MS)
    }),
    { numRuns: 200 },
  )
})

test('[F5] by default settings that is 10 s at most, with half of it left for the statement', () => {
  const { flushIntervalMs } = parseConfig({ DATABASE_URL: 'postgresql://user:secret@host/database' })
  expect(flushIntervalMs).toBe(5_000)
})
