import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { planDeploy } from '../../src/local/deploy/record.ts'
import { createRecords } from '../../src/local/deploy/records.ts'
import { cellOf } from '../../src/model/cell.ts'
import { addHours, formatHour, hourOf } from '../../src/model/hour.ts'
import { slotOf } from '../../src/model/shard-name.ts'
import { Flusher } from '../../src/shard/flush.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeClock } from '../support/node-clock.ts'
import { nodeSql } from '../support/node-sql.ts'
import { scheduleOf } from '../support/schedule.ts'
import { type Stand, startStand } from './stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
  await stand.pool.query(`alter table sumdial.counters add constraint no_bad check (key <> 'bad')`)
})

afterAll(() => stand?.stop())

const HOUR = addHours(hourOf(Date.now()), -200)
const DEPLOYED = {
  SHARDS: scheduleOf(`16, 1@${formatHour(addHours(HOUR, 50))}`),
  LATE_HOURS: scheduleOf('72'),
}

/** A shard of an hour that is long over, whose one cell Postgres refuses. */
function shardWithBadCell() {
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  store.merge([arrivalOf('s', 1, [['bad', cellOf(7)]])], 1)
  const flusher = new Flusher({
    name: { hour: HOUR, slot: slotOf('bad', HOUR, DEPLOYED.SHARDS) },
    store,
    alarm: { set: () => undefined },
    sink: stand.sink,
    clock: nodeClock,
    intervalMs: 5_000,
    retireAtMs: 0,
    erase: () => undefined,
    log: () => undefined,
  })
  return { store, flusher }
}

/** Whether a deploy may take the hour's shard count back to 1, which would leave all slots but the first unasked. */
async function verdict(): Promise<string> {
  const { unsealed } = await createRecords(stand.pool.options.connectionString ?? '', 'w').read()
  const live = { id: 'a', schedules: DEPLOYED, beganMs: 0 }
  const next = { id: 'b', schedules: { ...DEPLOYED, SHARDS: scheduleOf('1') }, beganMs: Date.now() }
  return planDeploy({ live, unconfirmed: [] }, next, { unsealed }).kind
}

test('[K2] [Z1] an old hour keeps its shard count while a shard of it has cells parked, retried or not', async () => {
  const { store, flusher } = shardWithBadCell()
  /** A cell is taken for bad after several refusals, with waits between them. */
  const runUntilParked = async () => {
    const flush = async () => {
      await flusher.run()
      expect(store.holdings().parked.increments).toBe(1)
    }
    await vi.waitFor(flush, { timeout: 30_000, interval: 100 })
    // Makes the ledger know its writer.
    await flusher.run()
  }
  await runUntilParked()
  expect(await verdict()).toBe('refused')

  store.retryParked(['bad'], Date.now())
  await runUntilParked()
  expect(await verdict()).toBe('refused')

  store.discardParked(['bad'])
  await flusher.run()
  expect(await verdict()).not.toBe('refused')
})
