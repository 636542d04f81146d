import { expect, test } from 'vitest'
import { withDeadlines } from '../../src/edge/deadlines.ts'
import type { Database, Shards } from '../../src/edge/ports.ts'
import { Unavailable } from '../../src/edge/timeout.ts'
import { READ_MS_MAX } from '../../src/limits.ts'
import { FakeClock } from '../support/fake-clock.ts'

const hangs = () => new Promise<never>(() => undefined)
const fails = () => Promise.reject(new Error('gone'))

function portsWith(call: () => Promise<never>) {
  const shards: Shards = {
    merge: call,
    unsettled: call,
    unsettledSum: call,
    unsettledGroups: call,
    settlement: call,
    status: call,
    admitHit: call,
    decideParked: call,
    wake: call,
    notify: call,
  }
  const database: Database = {
    readCommitted: call,
    readSeries: call,
    readGroups: call,
    listLabels: call,
    firstHour: call,
    list: call,
    ledgerOf: call,
    prune: call,
    stragglers: call,
    sealAll: call,
    withRollups: call,
    daysStanding: call,
    deleteBefore: call,
    bringUpSchema: call,
    readSeen: call,
    writeSeen: call,
  }
  return { clock: new FakeClock(), shards, database }
}

type Call = readonly [
  name: string,
  source: string,
  call: (ports: ReturnType<typeof portsWith>) => Promise<unknown>,
]

const ALONE: readonly Call[] = [
  ['settlement', 'shard', ({ shards }) => shards.settlement('s', null)],
  ['status', 'shard', ({ shards }) => shards.status('s')],
  ['decideParked', 'shard', ({ shards }) => shards.decideParked('s', 'retry', null)],
  ['ledgerOf', 'postgres', ({ database }) => database.ledgerOf(['s'])],
]

test.each(ALONE)('a call that nothing else bounds ends in time: %s', async (_, source, call) => {
  const ports = withDeadlines(portsWith(hangs))
  const outcome = expect(call(ports)).rejects.toMatchObject({ source, cause: { name: 'Timeout' } })
  await ports.clock.pass(READ_MS_MAX)
  await outcome
  expect(ports.clock.timers).toBe(0)
})

const TOGETHER: readonly Call[] = [
  ['unsettled', 'shard', ({ shards }) => shards.unsettled('s', ['k'])],
  ['unsettledSum', 'shard', ({ shards }) => shards.unsettledSum('s', '', null)],
  ['readCommitted', 'postgres', ({ database }) => database.readCommitted({} as never)],
  ['firstHour', 'postgres', ({ database }) => database.firstHour({ keys: [] })],
  ['readSeries', 'postgres', ({ database }) => database.readSeries({} as never)],
  ['list', 'postgres', ({ database }) => database.list({} as never)],
]

test.each([...ALONE, ...TOGETHER])(
  'a call that fails says who could not be asked, and why: %s',
  async (_, source, call) => {
    const failed = call(withDeadlines(portsWith(fails)))
    await expect(failed).rejects.toBeInstanceOf(Unavailable)
    await expect(failed).rejects.toMatchObject({ source, cause: { message: 'gone' } })
  },
)

test('flights and the calls of the cron are left as they are', () => {
  const ports = portsWith(fails)
  const { shards, database } = withDeadlines(ports)
  expect([shards.merge, shards.wake]).toEqual([ports.shards.merge, ports.shards.wake])
  const { prune, stragglers, deleteBefore } = ports.database
  expect([database.prune, database.stragglers, database.deleteBefore]).toEqual([
    prune,
    stragglers,
    deleteBefore,
  ])
})
